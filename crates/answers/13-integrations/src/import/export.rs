//! The whole file: what its rows say of each other.

use std::collections::HashMap;

use csv::{ByteRecord, ReaderBuilder, Trim};
use error_handling::Rejection;

use super::row::{Layout, NewPage, Row, read};
use super::{MOST_BYTES, MOST_ROWS, Refusal};
use crate::model::LegacyAddress;

/// Everything that can be taken of an export, and what cannot.
#[derive(Debug, Default)]
pub struct Export {
    /// Rows below the header.
    pub rows: usize,
    /// The pages with the number of their row.
    pub pages: Vec<(usize, NewPage)>,
    /// Old addresses that only led on, with the page at the end of their chain and their row.
    pub aliases: Vec<(usize, LegacyAddress, i64)>,
    /// Rows that were refused, in no order.
    pub refusals: Vec<Refusal>,
}

/// An address that leads on, until it is known where to.
struct Moved {
    row: usize,
    from: LegacyAddress,
    to: LegacyAddress,
}

impl Export {
    /// Reads a file as spreadsheets and content systems write it: with or without a byte order
    /// mark, with commas or semicolons, quotes and line breaks inside them.
    ///
    /// # Errors
    /// With a code for the whole file: `too_long`, `missing_column`, `not_readable`, `too_many_rows`.
    pub fn read(csv: &[u8]) -> Result<Self, Rejection> {
        if csv.len() > MOST_BYTES {
            return Err(Rejection::new("too_long", format!("At most {MOST_BYTES} bytes.")));
        }
        let csv = csv.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(csv);
        let first_line = csv.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let semicolons = first_line.contains(&b';') && !first_line.contains(&b',');
        let mut reader = ReaderBuilder::new()
            .delimiter(if semicolons { b';' } else { b',' })
            // A row of another width is a row that is refused, not the end of the file.
            .flexible(true)
            .trim(Trim::Headers)
            .from_reader(csv);
        let header = reader.byte_headers().map_err(|_| not_readable())?.clone();
        let layout = Layout::of(&header)?;
        let (mut export, mut moved) = (Self::default(), Vec::new());
        for record in reader.byte_records() {
            export.rows += 1;
            if export.rows > MOST_ROWS {
                let detail = format!("At most {MOST_ROWS} rows; cut the file in two.");
                return Err(Rejection::new("too_many_rows", detail));
            }
            let record: ByteRecord = record.map_err(|_| not_readable())?;
            let row = export.rows + 1;
            match read(row, record, layout, header.len()) {
                Ok(Row::Page(page)) => export.pages.push((row, *page)),
                Ok(Row::Moved { from, to }) => moved.push(Moved { row, from, to }),
                Err(refusals) => export.refusals.extend(refusals),
            }
        }
        export.refuse_repeats(&mut moved);
        export.follow(&moved);
        Ok(export)
    }

    /// The first row of a number, an address or a slug keeps it: the order of the file is the only
    /// one that every import of it agrees on.
    fn refuse_repeats(&mut self, moved: &mut Vec<Moved>) {
        let Self { pages, refusals, .. } = self;
        let (mut ids, mut slugs) = (HashMap::new(), HashMap::new());
        let mut addresses: HashMap<LegacyAddress, usize> = HashMap::new();
        let mut taken = |row: usize, column: &str, code, first: usize| {
            let why = Rejection::new(code, format!("Row {first} has it already."));
            refusals.push(Refusal::new(row, column, &why));
        };
        pages.retain(|(row, page)| {
            let first = ids.get(&page.legacy_id).map(|first| ("id", "duplicate_id", *first));
            let first = first
                .or_else(|| slugs.get(&page.slug).map(|first| ("slug", "duplicate_slug", *first)));
            let first = first.or_else(|| {
                addresses.get(&page.address).map(|first| ("url", "duplicate_url", *first))
            });
            if let Some((column, code, first)) = first {
                taken(*row, column, code, first);
                return false;
            }
            ids.insert(page.legacy_id, *row);
            slugs.insert(page.slug.clone(), *row);
            addresses.insert(page.address.clone(), *row);
            true
        });
        moved.retain(|one| match addresses.get(&one.from) {
            Some(first) => {
                taken(one.row, "url", "duplicate_url", *first);
                false
            }
            None => {
                addresses.insert(one.from.clone(), one.row);
                true
            }
        });
    }

    /// Follows each address that leads on to the page at its end, once and for all: a visitor then
    /// takes one step, however long the old chain was.
    fn follow(&mut self, moved: &[Moved]) {
        let next: HashMap<&LegacyAddress, &LegacyAddress> =
            moved.iter().map(|one| (&one.from, &one.to)).collect();
        let ends: HashMap<&LegacyAddress, i64> =
            self.pages.iter().map(|(_, page)| (&page.address, page.legacy_id)).collect();
        for one in moved {
            // A chain that is longer than there are links goes round in a circle.
            let mut at = &one.to;
            let mut steps = 0;
            while let Some(on) = next.get(at).filter(|_| steps <= moved.len()) {
                at = on;
                steps += 1;
            }
            let why = match ends.get(at) {
                Some(page) => {
                    self.aliases.push((one.row, one.from.clone(), *page));
                    continue;
                }
                None if steps > moved.len() => {
                    Rejection::new("redirect_loop", "The addresses lead round in a circle.")
                }
                None => Rejection::new("target_missing", "No page of this export is there."),
            };
            self.refusals.push(Refusal::new(one.row, "redirect_to", &why));
        }
    }
}

fn not_readable() -> Rejection {
    Rejection::new("not_readable", "This is no CSV.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "id,url,title,slug,category,price,published,status,redirect_to,body\n";

    fn read(rows: &str) -> Export {
        Export::read(format!("{HEADER}{rows}").as_bytes()).unwrap()
    }

    fn faults<'a>(export: &'a Export) -> Vec<(usize, &'a str, &'a str)> {
        let fault = |one: &'a Refusal| (one.row, one.column.as_str(), one.code.as_str());
        export.refusals.iter().map(fault).collect()
    }

    #[test]
    fn a_chain_is_followed_to_its_end_and_a_circle_is_not() {
        let export = read(
            "1,/cms/c,C,c,x,1,2019-01-01,published,,text\n\
             ,/cms/a,,,,,,moved,/cms/b,\n\
             ,/cms/b,,,,,,moved,/cms/c,\n\
             ,/cms/r,,,,,,moved,/cms/s,\n\
             ,/cms/s,,,,,,moved,/cms/r,\n\
             ,/cms/lost,,,,,,moved,/cms/nowhere,\n\
             ,/cms/out,,,,,,moved,https://evil.example/,\n",
        );
        let aliases: Vec<_> =
            export.aliases.iter().map(|(row, from, page)| (*row, from.as_str(), *page)).collect();
        assert_eq!(aliases, [(3, "/cms/a", 1), (4, "/cms/b", 1)]);
        let mut found = faults(&export);
        found.sort_unstable();
        assert_eq!(
            found,
            [
                (5, "redirect_to", "redirect_loop"),
                (6, "redirect_to", "redirect_loop"),
                (7, "redirect_to", "target_missing"),
                (8, "redirect_to", "outside"),
            ]
        );
    }

    #[test]
    fn the_first_of_two_rows_keeps_what_both_have() {
        let export = read(
            "1,/cms/a,A,spade,x,1,2019-01-01,published,,text\n\
             2,/cms/b,B,Spade,x,1,2019-01-01,published,,text\n\
             1,/cms/c,C,rake,x,1,2019-01-01,published,,text\n\
             3,/cms/a#top,D,hoe,x,1,2019-01-01,published,,text\n",
        );
        assert_eq!(export.pages.len(), 1);
        let expected =
            [(3, "slug", "duplicate_slug"), (4, "id", "duplicate_id"), (5, "url", "duplicate_url")];
        assert_eq!(faults(&export), expected);
    }

    #[test]
    fn a_file_of_another_shape_is_refused_as_a_whole() {
        for (file, code) in [
            ("", "missing_column"),
            ("id,url\n1,/cms/a\n", "missing_column"),
            ("<html>", "missing_column"),
        ] {
            assert_eq!(Export::read(file.as_bytes()).unwrap_err().code(), code, "{file:?}");
        }
        let long = vec![b'x'; MOST_BYTES + 1];
        assert_eq!(Export::read(&long).unwrap_err().code(), "too_long");
        let many = format!("{HEADER}{}", "\n,,,,,,,,,".repeat(MOST_ROWS + 1));
        assert_eq!(Export::read(many.as_bytes()).unwrap_err().code(), "too_many_rows");
    }
}
