//! The rung that is right and costs connections: whoever edits locks the row first.

use std::sync::Barrier;
use std::time::Instant;

use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::BigInt;
use evidence::{Failure, Stage};
use foundation::scratch::Scratch;

use super::edits::{EDITORS, Seen};
use crate::model::TodoId;
use crate::schema::todos;

/// The same edits under `SELECT … FOR UPDATE`, which has no HTTP: whoever edits keeps a transaction
/// open, and with it a connection.
pub(super) fn lock_rows(
    stage: &Stage,
    scratch: &Scratch,
    path: &str,
    all: u64,
) -> Result<Seen, Failure> {
    let id = path.rsplit('/').next().unwrap_or_default().parse::<i64>().map(TodoId::from)?;
    let connections: Vec<_> = (0..EDITORS).map(|_| scratch.connect()).collect::<Result<_, _>>()?;
    let mut watching = scratch.connect()?;
    let meeting = Barrier::new(connections.len() + 1);
    let began = Instant::now();
    let (held, edited) = std::thread::scope(|scope| {
        let editors = connections.into_iter().map(|connection| {
            let meeting = &meeting;
            scope.spawn(move || edit_under_lock(connection, id, all / EDITORS, meeting))
        });
        let editors: Vec<_> = editors.collect();
        meeting.wait();
        let held = open_transactions(&mut watching);
        meeting.wait();
        let cut_off = |_| Err(Error::BrokenTransactionManager);
        let edited = editors.into_iter().map(|editor| editor.join().unwrap_or_else(cut_off));
        (held, edited.collect::<QueryResult<Vec<()>>>())
    });
    edited?;
    stage.go_on()?;
    let took = began.elapsed();
    let one = todos::table.filter(todos::id.eq(id.number())).select(todos::sort_order);
    let left: Option<i32> = one.first(&mut watching)?;
    let left = u64::try_from(left.unwrap_or_default())?;
    Ok(Seen { lost: all - left, held: held?, took, ..Seen::default() })
}

/// One editor's edits. Before the first, all have begun and are seen together.
fn edit_under_lock(
    mut connection: PgConnection,
    id: TodoId,
    edits: u64,
    meeting: &Barrier,
) -> QueryResult<()> {
    let one = todos::table.filter(todos::id.eq(id.number()));
    for edit in 0..edits {
        connection.transaction(|connection| {
            if edit == 0 {
                meeting.wait();
                meeting.wait();
            }
            let order: Option<i32> =
                one.select(todos::sort_order).for_update().first(connection)?;
            let next = todos::sort_order.eq(order.map(|order| order + 1));
            diesel::update(one).set(next).execute(connection)
        })?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Transactions {
    #[diesel(sql_type = BigInt)]
    open: i64,
}

/// Transactions of others that are open in this database.
pub(super) fn open_transactions(connection: &mut PgConnection) -> QueryResult<u64> {
    let others = "SELECT count(*) AS open FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid()
                    AND backend_type = 'client backend' AND xact_start IS NOT NULL";
    let counted: Transactions = diesel::sql_query(others).get_result(connection)?;
    Ok(counted.open.unsigned_abs())
}
