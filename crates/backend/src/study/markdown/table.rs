//! Tables of a README. On a phone each row stands as a block of its own, so a cell bears its column's name.

use maud::html;
use pulldown_cmark::{Alignment, Event, Tag, TagEnd};

use super::opening;
use crate::study::words::capitalised;

/// The table that is open.
#[derive(Debug, Default)]
pub(super) struct Table {
    names: Vec<String>,
    numeric: Vec<bool>,
    in_head: bool,
    column: usize,
}

impl Table {
    pub(super) fn new(alignments: &[Alignment]) -> Self {
        let numeric = alignments.iter().map(|one| *one == Alignment::Right).collect();
        Self { numeric, ..Self::default() }
    }

    /// The tag for an event that belongs to the table itself; `None` for what its cells hold.
    ///
    /// Written here instead of by the parser's own writer: that one aligns cells by style attributes,
    /// which the pages' policy refuses.
    pub(super) fn tag(&mut self, event: &Event<'_>) -> Option<String> {
        Some(match event {
            Event::Start(Tag::TableHead) => {
                self.in_head = true;
                "<thead><tr>".to_owned()
            }
            Event::End(TagEnd::TableHead) => {
                self.in_head = false;
                "</tr></thead><tbody>".to_owned()
            }
            Event::Start(Tag::TableRow) => {
                self.column = 0;
                "<tr>".to_owned()
            }
            Event::End(TagEnd::TableRow) => "</tr>\n".to_owned(),
            Event::Start(Tag::TableCell) => self.open_cell(),
            Event::End(TagEnd::TableCell) => {
                self.column += 1;
                if self.in_head { "</th>" } else { "</td>" }.to_owned()
            }
            Event::End(TagEnd::Table) => "</tbody></table></div>\n".to_owned(),
            Event::Text(text) | Event::Code(text) if self.in_head => {
                self.names[self.column].push_str(text);
                return None;
            }
            _ => return None,
        })
    }

    fn open_cell(&mut self) -> String {
        let class = self.numeric.get(self.column).is_some_and(|is| *is).then_some("number");
        if self.in_head {
            self.names.push(String::new());
            return opening(&html! { th scope="col" class=[class] {} });
        }
        let name = self.names.get(self.column).filter(|name| !name.is_empty());
        let name = name.map(|name| capitalised(name));
        opening(&html! { td class=[class] data-label=[name] {} })
    }
}
