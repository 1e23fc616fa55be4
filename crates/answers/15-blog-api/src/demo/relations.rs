//! One page of posts with their authors, tags and counts: how many statements?

use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz};
use evidence::{Cell, Failure, Quantity, RungKind, Stage};
use foundation::explain::plan_of;
use foundation::paging::Limit;

use super::fill::{COMMENTS, TAGS};
use super::pages::{PAGE, after};
use super::statements::counted;
use crate::request::Listing;
use crate::schema::{comments, post_tags, users};
use crate::store::posts::{Summary, page};
use crate::tempting::{BY_OFFSET, ONE_JOIN};

/// The page in one statement: what belongs to a row is collected for each row, inside the database.
const COLLECTED: &str = "\
SELECT id,
       (SELECT name FROM users WHERE users.id = author_id) AS author,
       ARRAY(SELECT tag FROM post_tags WHERE post_id = posts.id ORDER BY tag) AS tags,
       (SELECT count(*) FROM comments WHERE post_id = posts.id) AS comments
FROM posts WHERE published_at IS NOT NULL
ORDER BY published_at DESC, id DESC LIMIT 20";

/// What one way of reading the page gave.
struct Seen {
    statements: u64,
    rows: u64,
    /// Posts with the number of comments that was told.
    counts: Vec<(i64, i64)>,
    times: Vec<Duration>,
}

type Read = fn(&mut PgConnection) -> Result<(u64, Vec<(i64, i64)>), Failure>;

const RUNGS: [(RungKind, &str, &str, Read); 4] = [
    (RungKind::Wrong, "each", "row by row", for_each_row),
    (RungKind::Tempting, "join", "one join", one_join),
    (RungKind::Right, "kinds", "kind by kind", for_each_kind),
    (RungKind::Costly, "collected", "one statement", collected),
];

/// Climbs the ladder; returns the statements of the first rung and of the right one.
pub(super) fn climb(stage: &Stage, connection: &mut PgConnection) -> Result<(u64, u64), Failure> {
    stage.step(format!("One page of {PAGE} posts with authors, tags and numbers of comments"));
    let ladder = stage.ladder(
        format!("one page of {PAGE} posts with {TAGS} tags and {COMMENTS} comments each"),
        &["statements", "rows sent", "posts shown", "wrong counts", "time"],
    );
    let mut seen = Vec::new();
    for (kind, id, name, read) in RUNGS {
        stage.go_on()?;
        let one = look(connection, read)?;
        let counts = [one.statements, one.rows, one.counts.len() as u64, one.wrong()];
        let mut cells = counts.map(|n| Cell::from(Quantity::count(n))).to_vec();
        cells.push(Cell::times(&one.times));
        ladder.rung(kind, name, cells);
        let statements = Quantity::count(one.statements);
        stage.measure(&format!("statements-{id}"), format!("statements: {name}"), statements);
        seen.push(one);
    }
    let [each, join, kinds, collected] = seen.as_slice() else {
        return Err("the ladder has four rungs".into());
    };
    judge(stage, connection, [each, join, kinds, collected])?;
    Ok((each.statements, kinds.statements))
}

impl Seen {
    fn wrong(&self) -> u64 {
        let right = i64::try_from(COMMENTS).unwrap_or_default();
        self.counts.iter().filter(|(_, comments)| *comments != right).count() as u64
    }

    fn is_right(&self) -> bool {
        self.counts.len() as u64 == PAGE && self.wrong() == 0
    }
}

fn look(connection: &mut PgConnection, read: Read) -> Result<Seen, Failure> {
    let (first, statements) = counted(connection, read);
    let (rows, counts) = first?;
    let mut times = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        read(connection)?;
        times.push(began.elapsed());
    }
    Ok(Seen { statements, rows, counts, times })
}

fn judge(
    stage: &Stage,
    connection: &mut PgConnection,
    [each, join, kinds, collected]: [&Seen; 4],
) -> Result<(), Failure> {
    stage.measure(
        "join-shown",
        "posts shown by one join",
        Quantity::count(join.counts.len() as u64),
    );
    stage.check(
        "a-statement-for-each-row-grows-with-the-page",
        format!("one statement for each relation of each row makes {}", each.statements),
        each.statements == 1 + 3 * PAGE && each.is_right(),
    );
    stage.check(
        "one-join-shows-too-few-posts-and-wrong-counts",
        format!(
            "one join shows {} of {PAGE} posts and counts wrongly for {}",
            join.counts.len(),
            join.wrong()
        ),
        (join.counts.len() as u64) < PAGE && join.wrong() > 0,
    );
    let mut statements = Vec::new();
    for limit in [5, 20, 100] {
        let limit = Limit::parse(Some(limit), 20, 100).map_err(|problem| problem.to_string())?;
        let question = Listing { limit, ..after(None)? };
        statements.push(counted(connection, |connection| page(connection, &question)).1);
    }
    stage.check(
        "a-page-of-any-size-takes-the-same-statements",
        format!("pages of 5, 20 and 100 posts take {} statements each", kinds.statements),
        statements.iter().all(|count| *count == kinds.statements) && kinds.is_right(),
    );
    let looked = plan_of(connection, diesel::sql_query(COLLECTED))?.rows_read();
    stage.measure("collected-rows", "rows looked at in one statement", Quantity::count(looked));
    stage.check(
        "one-statement-counts-the-comments-at-each-read",
        format!(
            "one statement is right as well, and looks at {looked} rows, as it counts comments \
             that the others find counted"
        ),
        collected.is_right() && collected.statements == 1 && looked >= PAGE * (2 + TAGS + COMMENTS),
    );
    Ok(())
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Timestamptz)]
    #[allow(dead_code)] // The order of the page.
    published_at: chrono::DateTime<chrono::Utc>,
}

fn for_each_row(connection: &mut PgConnection) -> Result<(u64, Vec<(i64, i64)>), Failure> {
    let page: Vec<Id> = diesel::sql_query(BY_OFFSET).bind::<BigInt, _>(0).load(connection)?;
    let (mut rows, mut counts) = (page.len() as u64, Vec::new());
    for Id { id, .. } in page {
        let author = crate::schema::posts::table.find(id).select(crate::schema::posts::author_id);
        let author = users::table.filter(users::id.eq_any(author)).select(users::name);
        let _: String = author.get_result(connection)?;
        let tags = post_tags::table.filter(post_tags::post_id.eq(id)).select(post_tags::tag);
        let tags: Vec<String> = tags.load(connection)?;
        let count: i64 =
            comments::table.filter(comments::post_id.eq(id)).count().get_result(connection)?;
        rows += 2 + tags.len() as u64;
        counts.push((id, count));
    }
    Ok((rows, counts))
}

#[derive(QueryableByName)]
struct Joined {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// A post is a row for each of its tags and comments; who counts the rows counts them all.
fn one_join(connection: &mut PgConnection) -> Result<(u64, Vec<(i64, i64)>), Failure> {
    let sent: Vec<Joined> = diesel::sql_query(ONE_JOIN).load(connection)?;
    let rows = sent.len() as u64;
    let mut counts = Vec::<(i64, i64)>::new();
    for Joined { id } in sent {
        match counts.iter_mut().find(|(post, _)| *post == id) {
            Some((_, count)) => *count += 1,
            None => counts.push((id, 1)),
        }
    }
    Ok((rows, counts))
}

fn for_each_kind(connection: &mut PgConnection) -> Result<(u64, Vec<(i64, i64)>), Failure> {
    let mut summaries: Vec<Summary> = page(connection, &after(None)?)?;
    let authors: std::collections::BTreeSet<i64> =
        summaries.iter().map(|summary| summary.author.id).collect();
    let tags: usize = summaries.iter().map(|summary| summary.tags.len()).sum();
    let rows = summaries.len() + authors.len() + tags;
    summaries.truncate(usize::try_from(PAGE)?);
    let counts = summaries.iter().map(|summary| (summary.id, i64::from(summary.comments)));
    Ok((rows as u64, counts.collect()))
}

#[derive(QueryableByName)]
#[allow(dead_code)] // Read as an answer needs them.
struct Collected {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    author: String,
    #[diesel(sql_type = Array<Text>)]
    tags: Vec<String>,
    #[diesel(sql_type = BigInt)]
    comments: i64,
}

fn collected(connection: &mut PgConnection) -> Result<(u64, Vec<(i64, i64)>), Failure> {
    let sent: Vec<Collected> = diesel::sql_query(COLLECTED).load(connection)?;
    let counts: Vec<_> = sent.iter().map(|row| (row.id, row.comments)).collect();
    Ok((sent.len() as u64, counts))
}
