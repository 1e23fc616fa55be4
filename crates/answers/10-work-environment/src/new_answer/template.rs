//! The files of a new answer: a working one in small, to be replaced piece by piece.

use super::NewAnswer;

/// A file of the new crate, with `{{slug}}` and the like where it differs from the next one.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// Its place in the crate.
    pub path: &'static str,
    text: &'static str,
}

/// All of them. `search.rs` and `demo.rs` hold no placeholder, so that a test can compile them.
pub const FILES: [Template; 8] = [
    Template { path: "Cargo.toml", text: include_str!("../../template/Cargo.toml.in") },
    Template { path: "README.md", text: include_str!("../../template/README.md.in") },
    // A count of the demo at its default scale, the same on every machine, until a run is recorded.
    Template { path: "recorded/run.jsonl", text: include_str!("../../template/run.jsonl") },
    Template { path: "src/lib.rs", text: include_str!("../../template/lib.rs.in") },
    Template { path: "src/main.rs", text: include_str!("../../template/main.rs.in") },
    Template { path: "src/search.rs", text: include_str!("../../template/search.rs") },
    Template { path: "src/demo.rs", text: include_str!("../../template/demo.rs") },
    Template { path: "tests/search.rs", text: include_str!("../../template/tests.rs.in") },
];

impl Template {
    /// The file as the new answer gets it.
    #[must_use]
    pub fn render(&self, new: &NewAnswer) -> String {
        self.text
            .replace("{{number}}", &new.number.to_string())
            .replace("{{slug}}", &new.slug)
            .replace("{{crate}}", &new.slug.replace('-', "_"))
            .replace("{{title}}", &new.title)
    }
}
