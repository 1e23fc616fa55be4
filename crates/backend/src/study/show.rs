//! The "Show it" table: what you say, the code it is about, and what proves it.

use evidence::Answer;
use evidence::readme::{CodeRef, Proof, ShowRow};
use evidence::source::{self, Item};
use maud::{Markup, html};

use super::digest::Digest;
use super::highlight::{Language, dedent, highlight};
use super::markdown::{self, file_anchor};
use super::words::{self, with_code};

/// The table with each code item in full. Roles are spelt out, because the style sheet lays rows
/// out as a grid, which takes a table's own semantics away in some browsers.
pub(super) fn table(answer: &Answer, digest: &Digest, rows: &[ShowRow]) -> Markup {
    let context = digest.context(answer);
    html! {
        table.claims role="table" {
            caption { "Each sentence with the code it is about and the proof that it holds." }
            thead role="rowgroup" {
                tr role="row" {
                    th scope="col" role="columnheader" { "What you say" }
                    th scope="col" role="columnheader" { "Proof" }
                    th scope="col" role="columnheader" { "Code" }
                }
            }
            tbody role="rowgroup" {
                @for (index, row) in rows.iter().enumerate() {
                    tr role="row" id={ "claim-" (index + 1) } {
                        td.say role="cell" { (markdown::inline(&row.say, context)) }
                        td.proof role="cell" { ul { @for one in &row.proof { (proof(one, digest)) } } }
                        td.source role="cell" {
                            @if let Some(code) = &row.code { (code_item(answer, code, first(rows, index))) }
                        }
                    }
                }
            }
        }
    }
}

/// Whether this row is the first of its file, and so bears the id that links lead to.
fn first(rows: &[ShowRow], index: usize) -> bool {
    let path = |row: &ShowRow| row.code.as_ref().map(|code| code.path.clone());
    rows[..index].iter().all(|row| path(row) != path(&rows[index]))
}

fn proof(proof: &Proof, digest: &Digest) -> Markup {
    match proof {
        Proof::Check(id) => check(id, digest),
        Proof::Test(name) => html! {
            li.test {
                span.mark aria-hidden="true" { "▸" }
                span { span.proof-kind { "test" } " " (words::of_id(name)) }
            }
        },
    }
}

fn check(id: &str, digest: &Digest) -> Markup {
    let (class, mark, verdict) = match digest.checks.get(id) {
        Some((true, claim)) => ("held", "✓", claim.as_str()),
        Some((false, claim)) => ("broken", "✗", claim.as_str()),
        None => ("open", "○", "not recorded yet: run the demo"),
    };
    html! {
        li class=(class) data-check=(id) {
            span.mark aria-hidden="true" { (mark) }
            span { (with_code(verdict)) }
        }
    }
}

/// The item in the source that this program was built from.
pub(super) fn item(answer: &Answer, code: &CodeRef) -> Option<Item> {
    let file = answer.sources.iter().find(|source| source.path == code.path)?;
    source::find(&code.path, file.text, &code.item)
}

/// The page of the whole file, at the line where the item begins.
fn file_address(answer: &Answer, path: &str, line: usize) -> Option<String> {
    let index = answer.sources.iter().position(|source| source.path == path)?;
    Some(format!("/answers/{}/sources/{index}#L{line}", answer.slug))
}

fn code_item(answer: &Answer, code: &CodeRef, first: bool) -> Markup {
    let CodeRef { path, item: name } = code;
    html! {
        @if let Some(found) = item(answer, code) {
            details.code-item open id=[first.then(|| file_anchor(path))] {
                summary {
                    code.item-name { (name) }
                    span.path { (path) " : " (found.lines.start()) "–" (found.lines.end()) }
                }
                pre.code tabindex="0" {
                    code { (highlight(Language::of(path), &dedent(&found.text))) }
                }
                @if let Some(address) = file_address(answer, path, *found.lines.start()) {
                    p.whole-file { a href=(address) { "Whole file" span.hidden { ": " (path) } } }
                }
            }
        } @else {
            p.elsewhere { code.item-name { (name) } span.path { (path) } }
        }
    }
}
