use std::collections::BTreeSet;
use std::path::Path;

use super::{readme_violations, words};
use crate::{Answer, Event, Measurement, Needs, Quantity, Source};

const SOURCE: &str = "pub struct Store;\nimpl Store { pub fn insert(&self) {} }\nfn free() {}\n";
const SOURCES: &[Source] = &[
    Source { path: "src/store.rs", text: SOURCE },
    Source { path: "up.sql", text: "CREATE TABLE logs ();\n" },
];

/// A README with nothing wrong in it.
fn good() -> String {
    let code = "[`src/store.rs`](src/store.rs) `Store::insert`";
    let rows: String = (1..=5)
        .map(|number| {
            format!("| claim {number} | {code} | `check:holds`, `test:a_row_is_kept` |\n")
        })
        .collect();
    let follow_ups: String = (1..=5)
        .map(|number| {
            format!("<details><summary>Why {number}?</summary>\n\n`Store` keeps it.\n</details>\n")
        })
        .collect();
    format!(
        "# Title\n\nOne read, <!-- v:buffers -->12 buffers<!-- /v -->.\n\n## Question\nWhat is asked?\n\n## Say it\n### 30 seconds\nIt reads \
         <!-- v:buffers -->12 buffers<!-- /v -->.\n### Two minutes\nLonger.\n\n## Show it\n\
         | say | code | proof |\n|---|---|---|\n{rows}| in SQL | [`up.sql`](up.sql) `TABLE logs` | \
         `check:holds` |\n\n## Run it\n```sh\ncargo run\n```\n<!-- recorded:begin -->\n\
         <!-- recorded:end -->\n\n## The tempting wrong version\nIt loses rows.\n\n\
         ## Why this, not that\nBecause.\n\n## When this answer is wrong\nRarely.\n\n\
         ## Follow-ups\n{follow_ups}\n## Left out\nSee [the manual](https://example.org/x) and \
         [above](#run-it).\n"
    )
}

fn recorded() -> String {
    let value = Quantity::buffers(12);
    let (id, label) = ("buffers".to_owned(), "buffers".to_owned());
    let measured = Measurement { id, label, value, low: 12.0, high: 12.0, samples: 1 };
    serde_json::to_string(&Event::Measurement(measured)).unwrap()
}

fn answer(readme: &str, recorded: &str) -> Answer {
    Answer {
        number: 1,
        slug: "slug",
        title: "Title",
        // Leaked, as answers hold static text and a test is short.
        readme: readme.to_owned().leak(),
        sources: SOURCES,
        recorded: recorded.to_owned().leak(),
        needs: |_| Needs::default(),
        demo: |_| Ok(()),
        routes: None,
    }
}

fn run(passed: bool) -> Vec<Event> {
    vec![Event::Check { id: "holds".to_owned(), claim: "it holds".to_owned(), passed }]
}

fn test_names() -> BTreeSet<String> {
    BTreeSet::from(["api::a_row_is_kept".to_owned()])
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    for source in SOURCES {
        std::fs::write(folder.path().join(source.path), source.text).unwrap();
    }
    folder
}

fn violations(readme: &str) -> Vec<String> {
    let folder = folder();
    readme_violations(&answer(readme, &recorded()), folder.path(), &run(true), &test_names())
}

/// Asserts that exactly one rule objects, and how.
fn breaks(from: &str, to: &str, sentence: &str) {
    let readme = good();
    assert!(readme.contains(from), "the good README holds {from:?}");
    let found = violations(&readme.replacen(from, to, 1));
    assert_eq!(found.len(), 1, "{from:?} → {to:?}: {found:#?}");
    assert!(found[0].contains(sentence), "{from:?} → {to:?}: {found:?} lacks {sentence:?}");
}

#[test]
fn a_good_readme_violates_nothing() {
    assert_eq!(violations(&good()), Vec::<String>::new());
}

#[test]
fn each_broken_heading_is_named() {
    breaks("# Title\n\n", "", "has no title");
    breaks("## Left out\n", "## Left out\nNothing.\n## Extra\n", "\"## Extra\" is none");
    breaks(
        "## Why this, not that",
        "### Why this, not that",
        "\"## Why this, not that\" is missing",
    );
    breaks("## Left out", "## Question\n## Left out", "a heading occurs twice");
    breaks("<!-- recorded:end -->", "", "\"Run it\" has no `<!-- recorded:begin -->`");
    breaks("### Two minutes", "### Three minutes", "\"Say it\" has no \"### Two minutes\"");
}

#[test]
fn headings_out_of_order_are_named() {
    let swapped = good()
        .replace("## Why this, not that", "## X")
        .replace("## When this answer is wrong", "## Why this, not that")
        .replace("## X", "## When this answer is wrong");
    let found = violations(&swapped);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("\"## When this answer is wrong\" stands where"), "{found:?}");
}

#[test]
fn each_part_that_is_too_long_is_named() {
    let long = |count: usize| "word ".repeat(count);
    breaks("What is asked?", &long(41), "\"Question\" has 41 words, more than 40");
    breaks(
        "### Two minutes\n",
        &format!("{}\n### Two minutes\n", long(80)),
        "\"30 seconds\" has 8",
    );
    breaks("Longer.", &long(221), "\"Two minutes\" has 221 words, more than 220");
    breaks("Because.", &long(640), "the README has");
    let fenced = good().replace("Because.", &format!("```\n{}\n```", long(640)));
    assert_eq!(violations(&fenced), Vec::<String>::new(), "code is not counted");
}

#[test]
fn words_are_those_a_reader_reads() {
    let cases = [
        ("one two three", 3),
        ("| one | two |\n|---|---|", 2),
        ("<!-- hidden --> one <b>two</b>", 2),
        ("[a link](https://example.org/not/read) here", 3),
        ("`a < b` holds", 3),
        ("one\n```\nnot this\n```\ntwo", 2),
        ("one\n<!-- recorded:begin -->\nnot this\n<!-- recorded:end -->\ntwo", 2),
    ];
    for (text, count) in cases {
        assert_eq!(words(text), count, "{text:?}");
    }
}

#[test]
fn each_row_without_existing_code_or_proof_is_named() {
    let code = "[`src/store.rs`](src/store.rs) `Store::insert`";
    let with = |item: &str| format!("[`src/store.rs`](src/store.rs) `{item}`");
    breaks(code, &with("Store::delete"), "`src/store.rs` holds no `Store::delete`");
    breaks(code, "`Store::insert`", "\"claim 1\" names no code");
    breaks("`TABLE logs`", "`TABLE users`", "`up.sql` holds no `TABLE users`");
    breaks("`check:holds`, `test:a_row_is_kept`", "trust me", "\"claim 1\" has no proof");
    breaks("`check:holds`,", "`check:other`,", "the quick demo has no check `other`");
    breaks("`test:a_row_is_kept`", "`test:row_is_kept`", "there is no test `row_is_kept`");
    breaks(
        "| in SQL | [`up.sql`](up.sql) `TABLE logs` | `check:holds` |\n",
        "",
        "has 5 rows, not 6",
    );
    let row = "| more | [`up.sql`](up.sql) `logs` | `check:holds` |\n";
    breaks("\n\n## Run it", &format!("\n{}\n## Run it", row.repeat(4)), "has 10 rows, not 6 to 9");
}

#[test]
fn a_proof_outside_the_table_has_to_exist_too() {
    breaks("Rarely.", "Rarely (`check:nothing`).", "the quick demo has no check `nothing`");
    breaks("Rarely.", "Rarely (`test:nothing`).", "there is no test `nothing`");
}

#[test]
fn a_file_that_is_not_embedded_is_named() {
    let folder = folder();
    std::fs::write(folder.path().join("src/other.rs"), "fn free() {}").unwrap();
    let readme =
        good().replacen("[`up.sql`](up.sql) `TABLE logs`", "[`o`](src/other.rs) `free`", 1);
    let answer = answer(&readme, &recorded());
    let found = readme_violations(&answer, folder.path(), &run(true), &test_names());
    assert_eq!(found, ["slug: `src/other.rs` is not among the answer's `sources!`"]);
}

#[test]
fn a_check_that_failed_in_the_quick_run_is_named() {
    let folder = folder();
    let answer = answer(&good(), &recorded());
    let found = readme_violations(&answer, folder.path(), &run(false), &test_names());
    assert_eq!(found.len(), 6);
    assert!(found[0].contains("the check `holds` did not hold in the quick demo"), "{found:?}");
}

#[test]
fn a_check_that_held_once_and_failed_once_is_named() {
    let folder = folder();
    let both = [run(true), run(false)].concat();
    let answer = answer(&good(), &recorded());
    assert_eq!(readme_violations(&answer, folder.path(), &both, &test_names()).len(), 6);
}

#[test]
fn links_that_lead_nowhere_are_named() {
    breaks("Rarely.", "[See](docs/gone.md#part).", "the link to `docs/gone.md` leads nowhere");
    breaks("Rarely.", "![A chart](recorded/gone.svg)", "the link to `recorded/gone.svg`");
    assert_eq!(violations(&good().replace("Rarely.", "[See](src/store.rs)")), Vec::<String>::new());
}

#[test]
fn the_line_below_the_title_is_there_short_and_measured() {
    let line = "One read, <!-- v:buffers -->12 buffers<!-- /v -->.";
    breaks(line, "One read.", "no line below the title");
    breaks(line, &format!("{line}{}", " word".repeat(20)), "more than 20");
    breaks(line, &format!("{line} In 5 ms."), "\"5 ms\" in the spoken part is typed");
}

#[test]
fn stale_unknown_and_typed_numbers_are_named() {
    breaks("-->12 buffers<", "-->11 buffers<", "`v:buffers` shows \"11 buffers\"");
    breaks("v:buffers", "v:pages", "`v:pages` names nothing");
    breaks("Longer.", "It took 5 ms.", "\"5 ms\" in the spoken part is typed");
    let found = readme_violations(&answer(&good(), ""), folder().path(), &run(true), &test_names());
    assert!(found.len() == 2 && found[0].contains("names nothing"), "no recording: {found:?}");
}

#[test]
fn a_line_that_begins_with_an_inline_value_is_named() {
    breaks("It reads <!-- v:", "It reads\n<!-- v:", "a line begins with an inline value");
}

#[test]
fn follow_ups_that_are_few_or_name_no_code_are_named() {
    breaks("`Store` keeps it.", "It is kept.", "\"Why 1?\" names no symbol");
    breaks("`Store` keeps it.", "`Shop` keeps it.", "\"Why 1?\" names no symbol");
    breaks("<summary>Why 1?</summary>", "", "a follow-up has no `<summary>`");
    let one = "<details><summary>Why 1?</summary>\n\n`Store` keeps it.\n</details>\n";
    breaks(one, "", "has 4 folded questions, not 5 to 7");
    breaks(one, &one.repeat(4), "has 8 folded questions, not 5 to 7");
}

#[test]
fn violations_name_the_answer() {
    let found = readme_violations(&answer("", ""), Path::new("/"), &[], &BTreeSet::new());
    assert!(found.len() > 12 && found.iter().all(|one| one.starts_with("slug: ")), "{found:?}");
}
