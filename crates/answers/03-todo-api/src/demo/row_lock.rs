//! The rung that is right and costs connections: whoever edits locks the row first.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::BigInt;
use evidence::{Failure, Stage};
use foundation::scratch::Scratch;

use super::edits::{EDITORS, Seen};
use crate::model::TodoId;
use crate::schema::todos;

/// The same edits under `SELECT … FOR UPDATE`, which has no HTTP: whoever edits keeps a transaction
/// open, and with it a connection. Counted while one of them thinks and the others wait for it.
pub(super) fn lock_rows(
    stage: &Stage,
    scratch: &Scratch,
    path: &str,
    all: u64,
) -> Result<Seen, Failure> {
    let id = path.rsplit('/').next().unwrap_or_default().parse::<i64>().map(TodoId::from)?;
    let connections: Vec<_> = (0..EDITORS).map(|_| scratch.connect()).collect::<Result<_, _>>()?;
    let mut watching = scratch.connect()?;
    let (locked, has_locked) = channel();
    let (go_on, told) = channel();
    let mut thinker = Some(Thinker { locked, told });
    let began = Instant::now();
    let (held, edited) = std::thread::scope(|scope| {
        let editors = connections.into_iter().map(|connection| {
            let first = thinker.take();
            let is_first = first.is_some();
            let edits = all / EDITORS;
            let editor = scope.spawn(move || edit_under_lock(connection, id, edits, first));
            if is_first {
                // Nobody else begins before the row is locked, or the locking has failed.
                let _ = has_locked.recv();
            }
            editor
        });
        let editors: Vec<_> = editors.collect();
        let held = transactions_while_waiting(&mut watching, EDITORS - 1);
        let _ = go_on.send(());
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

/// Whoever has the row first, and thinks until told to go on.
struct Thinker {
    locked: Sender<()>,
    told: Receiver<()>,
}

/// One editor's edits.
fn edit_under_lock(
    mut connection: PgConnection,
    id: TodoId,
    edits: u64,
    mut thinker: Option<Thinker>,
) -> QueryResult<()> {
    let one = todos::table.filter(todos::id.eq(id.number()));
    for _ in 0..edits {
        connection.transaction(|connection| {
            let order: Option<i32> =
                one.select(todos::sort_order).for_update().first(connection)?;
            if let Some(Thinker { locked, told }) = thinker.take() {
                let _ = locked.send(());
                let _ = told.recv();
            }
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

/// Open transactions of others, once as many as `waiting` of them wait for a lock.
fn transactions_while_waiting(connection: &mut PgConnection, waiting: u64) -> Result<u64, Failure> {
    let blocked = "SELECT count(*) AS open FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    for _ in 0..4_000 {
        let counted: Transactions = diesel::sql_query(blocked).get_result(connection)?;
        if counted.open.unsigned_abs() == waiting {
            return Ok(open_transactions(connection)?);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Err("the other editors do not wait for the row".into())
}

/// Transactions of others that are open in this database.
pub(super) fn open_transactions(connection: &mut PgConnection) -> QueryResult<u64> {
    let others = "SELECT count(*) AS open FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid()
                    AND backend_type = 'client backend' AND xact_start IS NOT NULL";
    let counted: Transactions = diesel::sql_query(others).get_result(connection)?;
    Ok(counted.open.unsigned_abs())
}
