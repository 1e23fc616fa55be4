use super::*;

const TEXT: &str = "# Title\n\nIntro.\n\n## Question\nWhat?\n```\n## not a heading\n```\n\
    ## Say it\n### 30 seconds\nShort.\n### Two minutes\nLong <!-- v:id.left -->1 ms<!-- /v -->.\n\
    ## Show it\n| say | code | proof |\n|---|---|---|\n\
    | a \\| b | [`src/a.rs`](src/a.rs) `Store::insert` | `check:one`, `test:two` |\n\
    | `x | y` | nothing | none |\n\
    ## Follow-ups\n<details><summary>Why?</summary>\n\nBecause of `insert`.\n</details>\n";

#[test]
fn sections_are_found_and_fences_are_text() {
    let readme = Readme::parse(TEXT);
    assert_eq!(readme.title, "Title");
    let headings: Vec<&str> =
        readme.sections.iter().map(|section| section.heading.as_str()).collect();
    assert_eq!(headings, ["Question", "Say it", "Show it", "Follow-ups"]);
    assert!(readme.section("Question").unwrap().contains("## not a heading"));
    assert_eq!(readme.spoken("30 seconds").unwrap().trim(), "Short.");
    assert!(readme.spoken("Two minutes").unwrap().starts_with("Long"));
    assert_eq!(readme.spoken("Ten hours"), None);
}

#[test]
fn rows_name_code_and_proof() {
    let rows = Readme::parse(TEXT).show_rows();
    assert_eq!(rows[0].say, "a | b");
    let code = CodeRef { path: "src/a.rs".to_owned(), item: "Store::insert".to_owned() };
    assert_eq!(rows[0].code, Some(code));
    let proof = [Proof::Check("one".to_owned()), Proof::Test("two".to_owned())];
    assert_eq!(rows[0].proof, proof);
    let bare = ShowRow { say: "`x | y`".to_owned(), code: None, proof: Vec::new() };
    assert_eq!(rows[1], bare);
}

#[test]
fn follow_ups_and_inline_values_are_found() {
    let follow_ups = Readme::parse(TEXT).follow_ups();
    assert_eq!(follow_ups[0].question, "Why?");
    assert_eq!(follow_ups[0].answer, "Because of `insert`.");
    let values = inline_values(TEXT);
    assert_eq!((values[0].id.as_str(), values[0].shown.as_str()), ("id.left", "1 ms"));
    assert_eq!(&TEXT[values[0].range.clone()], "1 ms");
    assert_eq!(inline_values("<!-- v:open -->1 ms"), []);
}
