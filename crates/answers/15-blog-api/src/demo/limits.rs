//! When a page number is better.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use evidence::{Outcome, Quantity, Stage};
use foundation::explain::plan_of;

use super::pages::{PAGE, after};
use crate::store::posts::{Summary, listing, page};
use crate::tempting::BY_OFFSET;

/// The page that somebody asks for by its number.
const ASKED: u64 = 50;

const TINY_BY_OFFSET: &str = "SELECT id FROM links ORDER BY id LIMIT 20 OFFSET 40";
const TINY_BY_KEY: &str = "SELECT id FROM links WHERE id > 40 ORDER BY id LIMIT 20";

/// A jump to a page by its number, and a table that fits in a buffer.
pub(super) fn show(stage: &Stage, connection: &mut PgConnection) -> Outcome {
    stage.step("When this answer is wrong");
    jump(stage, connection)?;
    stage.go_on()?;
    tiny_table(stage, connection)
}

fn jump(stage: &Stage, connection: &mut PgConnection) -> Outcome {
    let (mut last, mut pages, mut buffers) = (None, 0, 0);
    for _ in 0..ASKED {
        stage.go_on()?;
        buffers += plan_of(connection, listing(&after(last)?))?.buffers();
        let read = page(connection, &after(last)?)?;
        last = read.get(usize::try_from(PAGE)? - 1).map(Summary::position);
        pages += 1;
    }
    let offset = i64::try_from((ASKED - 1) * PAGE)?;
    let by_number =
        plan_of(connection, diesel::sql_query(BY_OFFSET).bind::<BigInt, _>(offset))?.buffers();
    let [walk, jump] = [buffers, by_number].map(Quantity::buffers);
    stage.measure("jump-pages", "pages read by keyset to reach page 50", Quantity::count(pages));
    stage.measure("jump-keyset", "page 50 by keyset", walk);
    stage.measure("jump-offset", "page 50 by OFFSET", jump);
    stage.check(
        "keyset-cannot-jump-to-a-page",
        format!("page {ASKED} takes {pages} pages and {walk} by keyset, and {jump} by OFFSET"),
        pages == ASKED && by_number < buffers,
    );
    Ok(())
}

fn tiny_table(stage: &Stage, connection: &mut PgConnection) -> Outcome {
    connection.batch_execute(
        "CREATE TABLE links (id integer PRIMARY KEY);
         INSERT INTO links SELECT generate_series(1, 60)",
    )?;
    connection.batch_execute("VACUUM ANALYZE links")?;
    let mut buffers = Vec::new();
    for query in [TINY_BY_OFFSET, TINY_BY_KEY] {
        plan_of(connection, diesel::sql_query(query))?; // The first one also reads the catalog.
        buffers.push(plan_of(connection, diesel::sql_query(query))?.buffers());
    }
    stage.check(
        "a-tiny-table-gains-nothing",
        format!("the last of three pages takes {buffers:?} buffers, by OFFSET and by keyset"),
        buffers[0] <= buffers[1],
    );
    Ok(())
}
