//! A reader goes from page to page while others publish and withdraw: what does it miss?
//!
//! The race is arranged and not hoped for: before every second page three posts are published, before
//! every other three are withdrawn that the reader has seen. Whoever was there all the time has to be
//! shown once.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Timestamptz};
use evidence::{Failure, Outcome};
use foundation::scratch::Scratch;

use super::pages::{BY_BOOKMARK, PAGE, after};
use crate::request::Position;
use crate::schema::posts;
use crate::store::posts::{Summary, page};
use crate::tempting::{BY_OFFSET, BY_TIME_ALONE};

/// Pages that the reader reads.
pub(super) const PAGES: u64 = 10;
/// Posts published or withdrawn between two pages.
const BURST: usize = 3;

/// How to find the next page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Offset,
    TimeAlone,
    Keyset,
    Bookmarks,
}

/// What the reader saw of the posts that were there all the time.
pub(super) struct Walked {
    pub(super) shown: u64,
    pub(super) skipped: u64,
    pub(super) repeated: u64,
}

#[derive(QueryableByName)]
struct Place {
    #[diesel(sql_type = Timestamptz)]
    published_at: DateTime<Utc>,
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Walks, and leaves the posts as they were.
pub(super) fn walk(
    scratch: &Scratch,
    reader: &mut PgConnection,
    way: Way,
) -> Result<Walked, Failure> {
    let mut writer = scratch.connect()?;
    let before = by_offset(reader, 0, 2 * PAGES)?;
    let (mut shown, mut withdrawn) = (Vec::new(), Vec::new());
    let mut last = None;
    for number in 0..PAGES {
        if number % 2 == 1 {
            publish(&mut writer, number)?;
        } else if number > 0 {
            let seen = &before[withdrawn.len()..withdrawn.len() + BURST];
            withdraw(&mut writer, seen)?;
            withdrawn.extend_from_slice(seen);
        }
        let page = read(reader, way, number, last)?;
        last = page.last().copied().or(last);
        shown.extend(page.into_iter().map(|place| place.id));
    }
    restore(&mut writer, &withdrawn)?;
    Ok(judge(&before, &shown))
}

/// Everything that stands before the last post shown was passed: it was shown or skipped.
fn judge(before: &[Position], shown: &[i64]) -> Walked {
    let places: HashMap<i64, usize> = before.iter().map(|place| place.id).zip(0..).collect();
    let stayed: Vec<usize> = shown.iter().filter_map(|id| places.get(id).copied()).collect();
    let distinct: HashSet<usize> = stayed.iter().copied().collect();
    let passed = stayed.iter().max().map_or(0, |last| last + 1);
    Walked {
        shown: distinct.len() as u64,
        skipped: (passed - distinct.len()) as u64,
        repeated: (stayed.len() - distinct.len()) as u64,
    }
}

fn read(
    connection: &mut PgConnection,
    way: Way,
    number: u64,
    last: Option<Position>,
) -> Result<Vec<Position>, Failure> {
    let number = i64::try_from(number)?;
    let places = match way {
        Way::Offset => return by_offset(connection, number, 1),
        Way::Keyset => {
            let page = page(connection, &after(last)?)?;
            let size = usize::try_from(PAGE)?;
            return Ok(page.iter().take(size).map(Summary::position).collect());
        }
        Way::TimeAlone => {
            let time =
                last.map_or(DateTime::from_timestamp_nanos(i64::MAX), |last| last.published_at);
            diesel::sql_query(BY_TIME_ALONE).bind::<Timestamptz, _>(time).load(connection)?
        }
        Way::Bookmarks => {
            diesel::sql_query(BY_BOOKMARK).bind::<BigInt, _>(number).load(connection)?
        }
    };
    Ok(positions(places))
}

/// Some pages by their numbers.
fn by_offset(
    connection: &mut PgConnection,
    first: impl TryInto<i64>,
    pages: u64,
) -> Result<Vec<Position>, Failure> {
    let first = first.try_into().map_err(|_| "a page beyond all numbers")?;
    let mut all = Vec::new();
    for number in first..first + i64::try_from(pages)? {
        let offset = number * i64::try_from(PAGE)?;
        let query = diesel::sql_query(BY_OFFSET).bind::<BigInt, _>(offset);
        all.extend(positions(query.load(connection)?));
    }
    Ok(all)
}

fn positions(places: Vec<Place>) -> Vec<Position> {
    let position = |Place { published_at, id }| Position { published_at, id };
    places.into_iter().map(position).collect()
}

fn publish(connection: &mut PgConnection, page: u64) -> Outcome {
    let new = (0..BURST).map(|n| {
        (
            posts::author_id.eq(1),
            posts::slug.eq(format!("walk-{page}-{n}")),
            posts::title.eq("News"),
            posts::body.eq("While somebody reads."),
            posts::published_at.eq(Some(Utc::now())),
        )
    });
    diesel::insert_into(posts::table).values(new.collect::<Vec<_>>()).execute(connection)?;
    Ok(())
}

fn withdraw(connection: &mut PgConnection, seen: &[Position]) -> Outcome {
    let ids: Vec<i64> = seen.iter().map(|place| place.id).collect();
    diesel::update(posts::table.filter(posts::id.eq_any(ids)))
        .set(posts::published_at.eq(None::<DateTime<Utc>>))
        .execute(connection)?;
    Ok(())
}

fn restore(connection: &mut PgConnection, withdrawn: &[Position]) -> Outcome {
    diesel::delete(posts::table.filter(posts::slug.like("walk-%"))).execute(connection)?;
    for Position { published_at, id } in withdrawn {
        diesel::update(posts::table.find(id))
            .set(posts::published_at.eq(Some(published_at)))
            .execute(connection)?;
    }
    Ok(())
}
