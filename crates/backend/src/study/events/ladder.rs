//! A ladder as a table: what is wrong is seen before it is read.

use evidence::{Cell, RungKind};
use maud::{Markup, html};

use crate::study::view::{Ladder, Rung};

/// A ladder; `changed` are the rungs to point at.
pub(in crate::study) fn ladder_table(ladder: &Ladder, changed: &[usize]) -> Markup {
    html! {
        div.scroll tabindex="0" {
            table.ladder.stack.pairs {
                caption { (ladder.title) }
                thead { tr {
                    th scope="col" { "Variant" }
                    @for (index, column) in ladder.columns.iter().enumerate() {
                        th scope="col" class=[numeric(&ladder.rungs, index)] { (column) }
                    }
                } }
                tbody { @for (index, rung) in ladder.rungs.iter().enumerate() { (row(rung, &ladder.columns, changed.contains(&index))) } }
            }
        }
    }
}

fn row(rung: &Rung, columns: &[String], changed: bool) -> Markup {
    html! {
        tr class=(rung.kind.word()) data-changed[changed] {
            th scope="row" { (badge(rung.kind)) span.rung-name { (rung.name) } }
            @for (cell, column) in rung.cells.iter().zip(columns) {
                @match cell {
                    Cell::Quantity(quantity) => td.number data-label=(column) { (quantity) },
                    Cell::Text(text) => td data-label=(column) { (text) },
                }
            }
        }
    }
}

/// Sign, word and colour, so that none of them carries the meaning alone.
fn badge(kind: RungKind) -> Markup {
    html! {
        span class={ "badge " (kind.word()) } {
            span aria-hidden="true" { (kind.mark()) } " " (kind.word())
        }
    }
}

fn numeric(rungs: &[Rung], column: usize) -> Option<&'static str> {
    let number = |rung: &Rung| matches!(rung.cells.get(column), Some(Cell::Quantity(_)));
    (!rungs.is_empty() && rungs.iter().any(number)).then_some("number")
}
