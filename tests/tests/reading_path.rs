//! An answer is read in twenty minutes: the path that its `lib.rs` names is short enough.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use backend::answers::ANSWERS;
use end_to_end::reading_path::{MOST, code_lines, length, path};
use evidence::workspace;

#[test]
fn the_path_through_every_answer_is_short() {
    for answer in ANSWERS {
        let src = workspace::root().unwrap().join(workspace::answer_folder(answer)).join("src");
        let files = path(&std::fs::read_to_string(src.join("lib.rs")).unwrap());
        assert!(files.len() > 1, "{}: lib.rs gives no reading order", answer.slug);
        let lines = length(&src).unwrap();
        assert!(lines <= MOST, "{}: {lines} lines, more than {MOST}: {files:?}", answer.slug);
    }
}

#[test]
fn the_path_ends_at_the_semicolon() {
    let lib = "//! Does it.\n//!\n//! Read `a.rs` → `b/` →\n//! `b/c.rs`; then `demo.rs`.\n";
    assert_eq!(path(lib), ["lib.rs", "a.rs", "b/c.rs"]);
    assert_eq!(path("//! Does it.\n"), ["lib.rs"]);
}

#[test]
fn only_code_to_follow_is_counted() {
    let text = r#"
//! Documentation.
use std::{
    fmt,
    io,
};

mod tables;

/// Says it.
#[derive(
    Debug,
)]
pub struct Word {
    // why
    #[allow(dead_code)]
    text: String,
}

#[cfg(test)]
mod tests {
    fn not_read() {}
}
"#;
    assert_eq!(code_lines(text.parse().unwrap()), 3);
}
