use super::*;

fn rendered(text: &str) -> String {
    let shown = ["src/store.rs".to_owned()];
    let checks = Checks::from([("one".to_owned(), (true, "It holds".to_owned()))]);
    let stamp = "a day & a \"machine\"";
    let context = Context { answer: ANSWERS[0], stamp, shown: &shown, checks: &checks };
    blocks(text, context).0
}

#[test]
fn measured_values_are_marked_even_at_the_start_of_a_line() {
    let html = rendered("It took\n<!-- v:a.left -->12 ms<!-- /v --> here, **or**\nso.");
    let value = r#"<span class="measured" title="measured on a day &amp; a &quot;machine&quot;">12 ms</span>"#;
    assert!(html.contains(value) && html.contains("<strong>or</strong>"), "{html}");
    assert_eq!(html.matches("<p>").count(), 1, "{html}");
}

#[test]
fn links_lead_to_what_these_pages_show() {
    let cases = [
        ("[`x`](src/store.rs)", r##"<a href="#file-src-store-rs""##),
        ("[a](../08-error-handling/README.md)", r#"<a href="/answers/error-handling""#),
        ("[a](https://example.org/?a=1&b=2)", r#"<a href="https://example.org/?a=1&amp;b=2""#),
        (
            "[a](../../../migrations/x/up.sql)",
            r#"<span class="path" title="migrations/x/up.sql">a</span>"#,
        ),
        ("[a](../99-no-answer/README.md)", r#"title="crates/answers/99-no-answer/README.md""#),
        ("[a](javascript:alert(1))", r#"<span class="path""#),
    ];
    for (text, expected) in cases {
        let html = rendered(text);
        assert!(html.contains(expected), "{text}: {html}");
    }
}

#[test]
fn a_cited_check_shows_how_it_went() {
    let html = rendered("see `check:one` and `check:two`, `other`");
    assert!(html.contains(r#"<span class="cited held" title="It holds">"#), "{html}");
    assert!(html.contains("○") && html.contains("<code>other</code>"), "{html}");
}

#[test]
fn raw_html_is_cut_down_to_what_readmes_use() {
    let html = rendered(
        "<details><summary>a `b`</summary>\n\nc <b onclick=x>d</b> <!-- e -->\n\n</details>",
    );
    assert!(html.contains("<details><summary>a `b`</summary>"), "{html}");
    assert!(!html.contains("onclick") && !html.contains("<!--") && html.contains('d'), "{html}");
    assert!(!rendered("<script>alert(1)</script>").contains("<script"));
}

#[test]
fn tables_scroll_and_carry_no_style_attribute() {
    let html = rendered("| a | b |\n|---|--:|\n| 1 | 2 |\n");
    assert!(html.contains(r#"<div class="scroll" tabindex="0"><table class="stack">"#), "{html}");
    assert!(html.contains(r#"<td class="number" data-label="B">2</td>"#), "{html}");
    assert!(html.contains(r#"<th scope="col" class="number">b</th>"#), "{html}");
    assert!(!html.contains("style="), "{html}");
}

#[test]
fn headings_get_ids_and_code_its_colours() {
    let html = rendered("### Two *big* words\n\n```rust\nlet a = 1;\n```\n");
    assert!(html.contains(r#"<h3 id="two-big-words">Two big words</h3>"#), "{html}");
    assert!(html.contains(r#"<span class="k">let</span>"#), "{html}");
}
