use super::*;

fn normalized(typed: &str) -> String {
    Email::parse(typed).unwrap_or_else(|why| panic!("{typed:?}: {why}")).normalized().to_owned()
}

#[test]
fn every_form_of_an_address_meets_in_one() {
    let cases = [
        ("ada@example.org", "ada@example.org"),
        ("  ada@example.org\t\n", "ada@example.org"),
        ("Ada@Example.ORG", "ada@example.org"),
        ("ａｄａ＠ｅｘａｍｐｌｅ．ｏｒｇ", "ada@example.org"),
        ("ada@example。org", "ada@example.org"),
        ("zo\u{eb}@example.org", "zo\u{eb}@example.org"),
        ("zoe\u{308}@example.org", "zo\u{eb}@example.org"),
        ("ZOE\u{308}@example.org", "zo\u{eb}@example.org"),
        ("o\u{fb03}ce@example.org", "office@example.org"),
        ("ada@b\u{fc}cher.example", "ada@xn--bcher-kva.example"),
        ("ada@bu\u{308}cher.example", "ada@xn--bcher-kva.example"),
        ("ada@B\u{dc}CHER.example", "ada@xn--bcher-kva.example"),
        ("ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example"),
        ("ada@stra\u{df}e.example", "ada@xn--strae-oqa.example"),
        ("ada+news@example.org", "ada+news@example.org"),
        ("o'hara.jr_%x@example.org", "o'hara.jr_%x@example.org"),
        ("用户@例え.jp", "用户@xn--r8jz45g.jp"),
    ];
    for (typed, expected) in cases {
        assert_eq!(normalized(typed), expected, "{typed:?}");
    }
}

#[test]
fn normalising_twice_changes_nothing() {
    for typed in ["İ@example.org", "ẞa@example.org", "ΟΔΟΣ@example.org", "Ǆ@example.org", "㎏@a.bc"]
    {
        let once = normalized(typed);
        assert_eq!(normalized(&once), once, "{typed}");
    }
}

#[test]
fn each_bad_address_is_refused_for_its_own_reason() {
    let long_local = format!("{}@example.org", "a".repeat(65));
    let long_label = format!("ada@{}.org", "a".repeat(64));
    let long = format!("{}@{}.org", "a".repeat(64), vec!["a".repeat(60); 4].join("."));
    let many_bytes = format!("🦀🦀@{}", "例".repeat(110));
    let cases = [
        ("", "empty"),
        (" \u{3000}\t", "empty"),
        (&long_local, "too_long"),
        (&long, "too_long"),
        (&many_bytes, "too_long"),
        ("ada\0@example.org", "control_character"),
        ("ada@exam\nple.org", "control_character"),
        ("ada\u{200b}@example.org", "invisible_character"),
        ("ada@example\u{200d}.org", "invisible_character"),
        ("\u{feff}ada@example.org", "invisible_character"),
        ("ada\u{ad}@example.org", "invisible_character"),
        ("\u{202e}gro.elpmaxe@ada", "invisible_character"),
        ("ada\u{fe0f}@example.org", "invisible_character"),
        ("ada", "not_an_address"),
        ("@example.org", "not_an_address"),
        ("ada@", "not_an_address"),
        ("ada@home@example.org", "not_an_address"),
        ("ada＠home@example.org", "not_an_address"),
        ("ada lovelace@example.org", "not_an_address"),
        ("ada\u{a0}lovelace@example.org", "not_an_address"),
        (".ada@example.org", "not_an_address"),
        ("ada.@example.org", "not_an_address"),
        ("a..da@example.org", "not_an_address"),
        ("a\u{2025}da@example.org", "not_an_address"),
        ("\"ada\"@example.org", "not_an_address"),
        ("ada@localhost", "not_an_address"),
        ("ada@127.0.0.1", "not_an_address"),
        ("ada@[127.0.0.1]", "not_an_address"),
        ("ada@exa_mple.org", "not_an_address"),
        ("ada@-example.org", "not_an_address"),
        ("ada@example..org", "not_an_address"),
        ("ada@example.org.", "not_an_address"),
        ("ada@xn--zzzzzz.org", "not_an_address"),
        (&long_label, "not_an_address"),
        ("Ada <ada@example.org>", "not_an_address"),
    ];
    for (typed, code) in cases {
        let refused = Email::parse(typed).map(|email| email.normalized().to_owned());
        assert_eq!(refused.unwrap_err().code(), code, "{typed:?}");
    }
}

#[test]
fn letters_go_to_the_address_as_it_was_written() {
    let cases = [
        (" Ada@Example.org ", "Ada@Example.org"),
        ("Zoe\u{308}@B\u{fc}cher.example", "Zo\u{eb}@B\u{fc}cher.example"),
        ("Ａda＠example.org", "Ada@example.org"),
    ];
    for (typed, expected) in cases {
        assert_eq!(Email::parse(typed).unwrap().written(), expected, "{typed:?}");
    }
}

#[test]
fn nothing_prints_an_address_by_accident() {
    let shown = format!("{:?}", Email::parse("ada@example.org").unwrap());
    assert_eq!(shown, "Email([redacted])");
}
