//! One row: from bytes to a page, or to every reason against it.

use chrono::NaiveDate;
use csv::{ByteRecord, StringRecord};
use error_handling::Rejection;

use super::Refusal;
use crate::model::{LegacyAddress, Price, Slug, parse_day, parse_text};

/// The columns that an export must have, in any order; others are ignored.
pub const COLUMNS: [&str; 10] = [
    "id",
    "url",
    "title",
    "slug",
    "category",
    "price",
    "published",
    "status",
    "redirect_to",
    "body",
];

/// Where each of [`COLUMNS`] is in this export.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout([usize; COLUMNS.len()]);

impl Layout {
    /// Finds the columns by name, whatever their capitals and blanks.
    ///
    /// # Errors
    /// With the code `missing_column`, naming the first that is not there.
    pub(super) fn of(header: &ByteRecord) -> Result<Self, Rejection> {
        let names: Vec<String> =
            header.iter().map(|name| String::from_utf8_lossy(name).trim().to_lowercase()).collect();
        let mut places = [0; COLUMNS.len()];
        for (place, column) in places.iter_mut().zip(COLUMNS) {
            *place = names.iter().position(|name| name == column).ok_or_else(|| {
                Rejection::new("missing_column", format!("The header has no column `{column}`."))
            })?;
        }
        Ok(Self(places))
    }
}

/// A page as the export has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPage {
    /// The export's own number.
    pub legacy_id: i64,
    /// Where it was.
    pub address: LegacyAddress,
    /// What it will be called; ignored for a page that is there, as addresses do not change.
    pub slug: Slug,
    /// Its title.
    pub title: String,
    /// Where it belongs.
    pub category: String,
    /// What it costs.
    pub price: Price,
    /// Since when it is on the site.
    pub published_on: NaiveDate,
    /// Whether visitors may see it.
    pub live: bool,
    /// Its text.
    pub body: String,
}

/// What a row that can be read says.
#[derive(Debug)]
pub(super) enum Row {
    /// Here is a page.
    Page(Box<NewPage>),
    /// What was here has moved to another old address.
    Moved { from: LegacyAddress, to: LegacyAddress },
}

/// The fields of one row, and what is wrong with them.
struct Fields<'a> {
    number: usize,
    record: &'a StringRecord,
    layout: Layout,
    refusals: Vec<Refusal>,
}

impl Fields<'_> {
    /// Parses a column; remembers why it could not be.
    fn take<T>(
        &mut self,
        column: usize,
        parse: impl Fn(&str) -> Result<T, Rejection>,
    ) -> Option<T> {
        let text = self.record.get(self.layout.0[column]).unwrap_or_default();
        match parse(text.trim()) {
            Ok(value) => Some(value),
            Err(why) => {
                self.refusals.push(Refusal::new(self.number, COLUMNS[column], &why));
                None
            }
        }
    }
}

/// Reads the row of this number; all its faults at once, as people correct files, not fields.
pub(super) fn read(
    number: usize,
    record: ByteRecord,
    layout: Layout,
    width: usize,
) -> Result<Row, Vec<Refusal>> {
    let whole =
        |code, detail: &'static str| vec![Refusal::new(number, "", &Rejection::new(code, detail))];
    if record.len() != width {
        return Err(whole("another_width", "The row has more or fewer fields than the header."));
    }
    let record = StringRecord::from_byte_record(record)
        .map_err(|_| whole("not_utf8", "The row holds bytes that are not UTF-8."))?;
    let mut fields = Fields { number, record: &record, layout, refusals: Vec::new() };
    let row = parse(&mut fields);
    row.ok_or(fields.refusals)
}

fn parse(fields: &mut Fields<'_>) -> Option<Row> {
    let address = fields.take(1, LegacyAddress::parse);
    let status = fields.take(7, parse_status)?;
    if status == Status::Moved {
        let to = fields.take(8, LegacyAddress::parse)?;
        return Some(Row::Moved { from: address?, to });
    }
    // Each is taken before the first `?`, so that one bad field hides no other.
    let legacy_id = fields.take(0, parse_id);
    let title = fields.take(2, |text| parse_text(text, 200));
    let slug = fields.take(3, Slug::made_of);
    let category = fields.take(4, |text| Slug::made_of(text).map(|slug| slug.as_str().to_owned()));
    let price = fields.take(5, Price::parse);
    let published_on = fields.take(6, parse_day);
    let body = fields.take(9, |text| parse_text(text, 5_000));
    Some(Row::Page(Box::new(NewPage {
        legacy_id: legacy_id?,
        address: address?,
        slug: slug?,
        title: title?,
        category: category?,
        price: price?,
        published_on: published_on?,
        live: status == Status::Published,
        body: body?,
    })))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Published,
    Draft,
    Moved,
}

fn parse_status(text: &str) -> Result<Status, Rejection> {
    match text.to_lowercase().as_str() {
        "published" => Ok(Status::Published),
        "draft" => Ok(Status::Draft),
        "moved" => Ok(Status::Moved),
        _ => Err(Rejection::new("not_allowed", "Use published, draft or moved.")),
    }
}

fn parse_id(text: &str) -> Result<i64, Rejection> {
    text.parse()
        .ok()
        .filter(|id| *id > 0)
        .ok_or_else(|| Rejection::new("not_a_number", "Use a whole number above zero."))
}
