use super::*;

#[test]
fn rust_tokens_get_their_classes_and_markup_is_escaped() {
    let marked = highlight(Language::Rust, "fn a<T>(b: &'x str) -> u8 { f(\"<\"); 1 } // é").0;
    for expected in [
        r#"<span class="k">fn</span>"#,
        r#"<span class="t">T</span>"#,
        r#"<span class="l">'x</span>"#,
        r#"<span class="f">f</span>"#,
        r#"<span class="s">&quot;&lt;&quot;</span>"#,
        r#"<span class="n">1</span>"#,
        r#"<span class="c">// é</span>"#,
    ] {
        assert!(marked.contains(expected), "{expected} in {marked}");
    }
}

#[test]
fn sql_tokens_get_their_classes_even_when_the_text_is_cut_off() {
    let marked = highlight(Language::Sql, "select id -- ü\nFROM t WHERE a = 'x' AND b > 'oh").0;
    for expected in [
        r#"<span class="k">select</span>"#,
        r#"<span class="c">-- ü</span>"#,
        r#"<span class="s">'x'</span>"#,
        r#"<span class="s">'oh</span>"#,
    ] {
        assert!(marked.contains(expected), "{expected} in {marked}");
    }
    assert!(!marked.contains(r#"<span class="k">id"#));
}

#[test]
fn shared_indentation_goes_and_the_rest_stays() {
    assert_eq!(dedent("    a\n\n      b"), "a\n\n  b");
    assert_eq!(dedent("a\n  b"), "a\n  b");
}

#[test]
fn a_language_is_known_by_fence_or_file() {
    let cases = [
        ("rust", Language::Rust),
        ("src/store.rs", Language::Rust),
        ("migrations/1/up.sql", Language::Sql),
        ("text", Language::Plain),
        ("", Language::Plain),
    ];
    for (name, language) in cases {
        assert_eq!(Language::of(name), language, "{name}");
    }
}
