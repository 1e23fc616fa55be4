//! The last page of all, read in four ways, and a reader on the way there while others write.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Timestamptz};
use evidence::{Bar, Cell, Chart, ChartKind, Failure, Quantity, RungKind, Stage, Unit};
use foundation::explain::{PlanTree, plan_of};
use foundation::paging::Limit;
use foundation::scratch::{Scratch, number};
use std::time::{Duration, Instant};

use super::walk::{self, Walked, Way};
use crate::request::{Listing, Position};
use crate::store::posts::listing;
use crate::tempting::{BY_OFFSET, BY_TIME_ALONE};

/// Posts on a page.
pub(super) const PAGE: u64 = 20;

/// Buffers for the last page, for the story.
pub(super) struct Deep {
    pub(super) offset: u64,
    pub(super) keyset: u64,
}

/// What one way of paging did.
struct Seen {
    name: &'static str,
    kind: RungKind,
    plan: PlanTree,
    prepared: u64,
    walked: Walked,
}

/// The first row of every page, kept in a table: a page is then a range between two of them.
const BOOKMARKS: &str = "\
CREATE TABLE bookmarks AS
SELECT (place - 1) / 20 AS page, published_at, id
FROM (SELECT row_number() OVER (ORDER BY published_at DESC, id DESC) AS place, published_at, id
      FROM posts WHERE published_at IS NOT NULL) AS numbered
WHERE place % 20 = 1";

/// The page between a bookmark and the next.
pub(super) const BY_BOOKMARK: &str = "\
SELECT published_at, id, author_id, slug, title, comments, version
FROM posts WHERE published_at IS NOT NULL
  AND (published_at, id) <= ((SELECT published_at FROM bookmarks WHERE page = $1),
                             (SELECT id FROM bookmarks WHERE page = $1))
  AND (published_at, id) >
      (coalesce((SELECT published_at FROM bookmarks WHERE page = $1 + 1), '-infinity'),
       coalesce((SELECT id FROM bookmarks WHERE page = $1 + 1), 0))
ORDER BY published_at DESC, id DESC LIMIT 20";

const RUNGS: [(RungKind, &str, Way); 4] = [
    (RungKind::Wrong, "OFFSET", Way::Offset),
    (RungKind::Tempting, "after the time", Way::TimeAlone),
    (RungKind::Right, "after time and id", Way::Keyset),
    (RungKind::Costly, "bookmarks", Way::Bookmarks),
];

/// Climbs the ladder.
pub(super) fn climb(
    stage: &Stage,
    scratch: &Scratch,
    connection: &mut PgConnection,
    posts: u64,
) -> Result<Deep, Failure> {
    let rows = Quantity::count(posts);
    stage.step(format!("The page at row {rows}, in four ways"));
    stage.code("By number", BY_OFFSET);
    stage.predict(
        "offset",
        format!("how many buffers does OFFSET read at row {rows}?"),
        Unit::Buffers,
    );
    let ladder = stage.ladder(
        format!("the page at row {rows}; {} pages while others write", walk::PAGES),
        &["buffers", "rows read", "skipped", "repeated", "to prepare", "time"],
    );
    let mut seen = Vec::new();
    for (kind, name, way) in RUNGS {
        stage.go_on()?;
        let prepared = prepare(connection, way)?;
        let (plan, times) = last_page(stage, connection, way, posts)?;
        let walked = walk::walk(scratch, connection, way)?;
        let counts = [plan.buffers(), plan.rows_read(), walked.skipped, walked.repeated, prepared];
        let mut cells = counts.map(|n| Cell::from(Quantity::count(n))).to_vec();
        cells.push(Cell::times(&times));
        ladder.rung(kind, name, cells);
        seen.push(Seen { name, kind, plan, prepared, walked });
    }
    let [offset, time, keyset, bookmarks] = seen.as_slice() else {
        return Err("the ladder has four rungs".into());
    };
    stage.reveal("offset", Quantity::buffers(offset.plan.buffers()));
    stage.plan("After time and id", keyset.plan.text());
    judge(stage, posts, [offset, time, keyset, bookmarks]);
    stage.chart(chart(&seen));
    Ok(Deep { offset: offset.plan.buffers(), keyset: keyset.plan.buffers() })
}

fn judge(stage: &Stage, posts: u64, [offset, time, keyset, bookmarks]: [&Seen; 4]) {
    let measured =
        [("offset", offset), ("time", time), ("keyset", keyset), ("bookmarks", bookmarks)];
    for (id, seen) in measured {
        let name = seen.name;
        let buffers = Quantity::buffers(seen.plan.buffers());
        stage.measure(&format!("buffers-{id}"), format!("last page: {name}"), buffers);
        let [skipped, repeated] = [seen.walked.skipped, seen.walked.repeated].map(Quantity::count);
        stage.measure(&format!("skipped-{id}"), format!("posts skipped: {name}"), skipped);
        stage.measure(&format!("repeated-{id}"), format!("posts shown twice: {name}"), repeated);
    }
    stage.measure("posts", "posts", Quantity::count(posts));
    stage.measure("prepared", "to make the bookmarks", Quantity::buffers(bookmarks.prepared));
    let [much, little] = [offset, keyset].map(|seen| Quantity::buffers(seen.plan.buffers()));
    stage.check(
        "offset-reads-everything-before-the-page",
        format!(
            "OFFSET looks at {} rows in {much} for the last {PAGE}",
            Quantity::count(offset.plan.rows_read())
        ),
        offset.plan.rows_read() >= posts && offset.plan.buffers() > posts / 100,
    );
    stage.check(
        "keyset-reads-the-page-and-no-more",
        format!("after time and id it is {} rows in {little}", keyset.plan.rows_read()),
        keyset.plan.buffers() <= 10 && keyset.plan.rows_read() <= PAGE + 1,
    );
    let lost = |seen: &Seen| (seen.walked.skipped, seen.walked.repeated);
    stage.check(
        "offset-skips-and-repeats-while-others-write",
        format!("OFFSET skips {} posts and shows {} twice", lost(offset).0, lost(offset).1),
        lost(offset).0 > 0 && lost(offset).1 > 0,
    );
    stage.check(
        "the-time-alone-skips-posts-published-together",
        format!("after the time alone {} posts are skipped", lost(time).0),
        lost(time).0 > 0 && lost(time).1 == 0,
    );
    stage.check(
        "keyset-skips-and-repeats-nothing",
        format!(
            "after time and id {} are skipped and {} shown twice, of {} shown",
            lost(keyset).0,
            lost(keyset).1,
            keyset.walked.shown
        ),
        lost(keyset) == (0, 0) && keyset.walked.shown >= walk::PAGES * (PAGE - 3),
    );
    stage.check(
        "bookmarks-jump-and-have-to-be-made",
        format!(
            "bookmarks lose nothing and jump to any page in {}, and it takes {} to make them",
            Quantity::buffers(bookmarks.plan.buffers()),
            Quantity::buffers(bookmarks.prepared)
        ),
        lost(bookmarks) == (0, 0)
            && bookmarks.plan.buffers() <= 30
            && bookmarks.prepared >= 3 * bookmarks.plan.buffers(),
    );
}

/// Returns the buffers that it took.
fn prepare(connection: &mut PgConnection, way: Way) -> Result<u64, Failure> {
    if way != Way::Bookmarks {
        return Ok(0);
    }
    // In memory, as a sort that spills to disk is another price than that of reading.
    connection.batch_execute("SET work_mem = '256MB'")?;
    let plan = plan_of(connection, diesel::sql_query(BOOKMARKS))?;
    connection.batch_execute("RESET work_mem; ALTER TABLE bookmarks ADD PRIMARY KEY (page)")?;
    connection.batch_execute("VACUUM ANALYZE bookmarks")?;
    Ok(plan.buffers())
}

/// The plan of the last page, and the times of reading it.
fn last_page(
    stage: &Stage,
    connection: &mut PgConnection,
    way: Way,
    posts: u64,
) -> Result<(PlanTree, Vec<Duration>), Failure> {
    let before = before_last_page(connection, posts)?;
    // The first execution also reads the catalog.
    let mut plan = plan(connection, way, posts, before)?;
    let mut times = Vec::new();
    for _ in 0..3 {
        stage.go_on()?;
        let began = Instant::now();
        plan = self::plan(connection, way, posts, before)?;
        times.push(began.elapsed());
    }
    Ok((plan, times))
}

fn plan(
    connection: &mut PgConnection,
    way: Way,
    posts: u64,
    before: Position,
) -> Result<PlanTree, Failure> {
    let number = |number: u64| -> Result<i64, Failure> { Ok(i64::try_from(number)?) };
    Ok(match way {
        Way::Offset => {
            let query = diesel::sql_query(BY_OFFSET).bind::<BigInt, _>(number(posts - PAGE)?);
            plan_of(connection, query)?
        }
        Way::TimeAlone => {
            let query =
                diesel::sql_query(BY_TIME_ALONE).bind::<Timestamptz, _>(before.published_at);
            plan_of(connection, query)?
        }
        Way::Keyset => plan_of(connection, listing(&after(Some(before))?))?,
        Way::Bookmarks => {
            let query = diesel::sql_query(BY_BOOKMARK).bind::<BigInt, _>(number(posts / PAGE - 1)?);
            plan_of(connection, query)?
        }
    })
}

/// The question of a client that has seen everything up to `after`.
pub(super) fn after(after: Option<Position>) -> Result<Listing, Failure> {
    let limit = Limit::parse(None, 20, 20).map_err(|problem| problem.to_string())?;
    Ok(Listing { tag: None, author: None, after, limit })
}

/// Posts are numbered in the order of time, so the last page is that of the first twenty.
fn before_last_page(connection: &mut PgConnection, posts: u64) -> Result<Position, Failure> {
    let published =
        number(connection, "SELECT count(*) FROM posts WHERE published_at IS NOT NULL")?;
    if published != posts {
        return Err(format!("{published} posts are published instead of {posts}").into());
    }
    let first = number(connection, "SELECT min(id) FROM posts")? + PAGE;
    let time =
        format!("SELECT extract(epoch FROM published_at) * 1000000 FROM posts WHERE id = {first}");
    let time = i64::try_from(number(connection, &time)?)?;
    Ok(Position::try_from((time, i64::try_from(first)?))?)
}

fn chart(seen: &[Seen]) -> Chart {
    let bars = seen.iter().map(|seen| Bar {
        label: seen.name.to_owned(),
        value: Quantity::buffers(seen.plan.buffers()).value,
        spread: None,
        rung: Some(seen.kind),
    });
    Chart {
        id: "buffers".to_owned(),
        title: "Buffers read for the last page".to_owned(),
        axis: "buffers of 8 KiB".to_owned(),
        unit: Unit::Buffers,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: true },
    }
}
