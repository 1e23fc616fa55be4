//! Renaming, deleting and reading, in four models of the same orders.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use evidence::{Failure, Quantity, RungKind, Scale, Stage};
use foundation::explain::plan_of;
use foundation::scratch::{Scratch, number};

use crate::models::{LINES, MODELS, Model, PRODUCTS};

pub(super) fn orders(scale: Scale) -> u64 {
    match scale {
        Scale::Quick => 400,
        Scale::Default => 20_000,
        Scale::Full => 200_000,
    }
}

/// What came of one model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    written: u64,
    waited: u64,
    old_names: u64,
    refused: u64,
    orphans: u64,
    statements: u64,
    buffers: u64,
}

/// Climbs the ladder; returns how many rows a rename writes in documents with copies.
pub(super) fn climb(stage: &Stage, scratch: &Scratch) -> Result<u64, Failure> {
    let orders = orders(stage.scale());
    let (shown, lines) = (Quantity::count(orders), LINES);
    stage.step(format!("Tables or documents: {shown} orders of {lines} products each"));
    stage.note(
        "JSONB documents in PostgreSQL stand in for a document store: one row, one read, and no \
         reference that the store knows of.",
    );
    let columns = ["rows renamed", "old names left", "orphans", "statements", "buffers to read"];
    let ladder =
        stage.ladder(format!("one rename, one delete, one read of {shown} orders"), &columns);
    let mut all = Vec::new();
    for model in &MODELS {
        stage.go_on()?;
        let seen = observe(scratch, model, orders)?;
        let cells = [seen.written, seen.old_names, seen.orphans, seen.statements];
        let mut cells: Vec<_> = cells.map(|count| Quantity::count(count).into()).into();
        cells.push(Quantity::buffers(seen.buffers).into());
        ladder.rung(model.kind, model.name, cells);
        all.push(seen);
    }
    let [copies, ids, tables, view] = all.as_slice() else {
        return Err("the ladder has four rungs".into());
    };
    check_writes(stage, orders, [copies, ids, tables, view]);
    check_reads(stage, [copies, ids, tables, view]);
    Ok(copies.written)
}

fn observe(scratch: &Scratch, model: &Model, orders: u64) -> Result<Seen, Failure> {
    let mut connection = scratch.connect()?;
    connection.batch_execute(&format!("CREATE SCHEMA {0}; SET search_path = {0}", model.schema))?;
    connection.batch_execute(&model.tables(orders))?;
    let mut seen = Seen::default();
    for statement in model.read {
        diesel::sql_query(*statement).execute(&mut connection)?;
        seen.buffers += plan_of(&mut connection, diesel::sql_query(*statement))?.buffers();
        seen.statements += 1;
    }
    (seen.written, seen.waited) = rename_beside_an_order(scratch, &mut connection, model)?;
    seen.old_names = number(&mut connection, model.old_names)?;
    for statement in [model.delete, model.place_unknown] {
        match diesel::sql_query(statement).execute(&mut connection) {
            Ok(_) => {}
            Err(Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)) => {
                seen.refused += 1;
            }
            Err(error) => return Err(error.into()),
        }
    }
    seen.orphans = number(&mut connection, model.orphans)?;
    Ok(seen)
}

/// The rename comes while somebody has read the old name and not committed yet. Arranged, not hoped
/// for: one connection stands in its transaction while the other renames.
fn rename_beside_an_order(
    scratch: &Scratch,
    renaming: &mut PgConnection,
    model: &Model,
) -> Result<(u64, u64), Failure> {
    let mut ordering = scratch.connect()?;
    ordering.batch_execute(&format!("SET search_path = {}; BEGIN", model.schema))?;
    diesel::sql_query(model.place).execute(&mut ordering)?;
    renaming.batch_execute("SET lock_timeout = '50ms'")?;
    let first = rename(renaming, model);
    ordering.batch_execute("COMMIT")?;
    match first {
        Ok(written) => Ok((written, 0)),
        // The model makes a rename wait for orders that show the name; now there are none.
        Err(Error::DatabaseError(_, error)) if error.message().contains("lock timeout") => {
            renaming.batch_execute("SET lock_timeout = 0")?;
            Ok((rename(renaming, model)?, 1))
        }
        Err(error) => Err(error.into()),
    }
}

fn rename(connection: &mut PgConnection, model: &Model) -> QueryResult<u64> {
    connection.transaction(|connection| {
        let mut written = 0;
        for statement in model.rename {
            written += diesel::sql_query(*statement).execute(connection)? as u64;
        }
        Ok(written)
    })
}

fn check_writes(stage: &Stage, orders: u64, [copies, ids, tables, view]: [&Seen; 4]) {
    let embedded = orders * LINES / PRODUCTS;
    stage.check(
        "a-rename-is-one-row-in-tables",
        format!(
            "a rename writes {} row in tables and {} in documents with copies, one for each of \
             {embedded} orders",
            tables.written, copies.written
        ),
        tables.written == 1 && ids.written == 1 && copies.written == embedded + 1,
    );
    stage.check(
        "a-copy-that-was-under-way-keeps-the-old-name",
        format!(
            "an order that commits after the rename shows the old name in {} copy, and in {} join",
            copies.old_names, tables.old_names
        ),
        copies.old_names == 1 && tables.old_names + ids.old_names == 0,
    );
    stage.check(
        "orphans-are-refused-by-tables-alone",
        format!(
            "of a delete and an order of nothing, tables refuse {}; documents accept both and \
             leave {} and {} orders that name what is not there",
            tables.refused, copies.orphans, ids.orphans
        ),
        (tables.refused, tables.orphans) == (2, 0)
            && [copies, ids].iter().all(|one| (one.refused, one.orphans) == (0, embedded + 1)),
    );
    stage.check(
        "a-view-is-right-at-the-price-of-copies",
        format!(
            "a document made from tables leaves {} old names and {} orphans; a rename writes {} \
             rows and waits for {} order",
            view.old_names, view.orphans, view.written, view.waited
        ),
        (view.old_names, view.orphans, view.refused, view.waited) == (0, 0, 2, 1)
            && view.written == embedded + 2,
    );
    stage.measure("renamed-copies", "rows of a rename: copies", Quantity::count(copies.written));
    stage.measure("renamed-tables", "rows of a rename: tables", Quantity::count(tables.written));
    stage.measure("orphans-copies", "orphans: copies", Quantity::count(copies.orphans));
    stage.measure("orphans-tables", "orphans: tables", Quantity::count(tables.orphans));
}

/// When documents win: what is read together is stored together.
fn check_reads(stage: &Stage, [copies, ids, tables, view]: [&Seen; 4]) {
    stage.note(format!(
        "Documents win where an order is read far more often than a name changes, and where a copy \
         is meant: an invoice has to keep the name it was written with. {} keeps both.",
        MODELS.iter().find(|one| one.kind == RungKind::Costly).map_or("", |one| one.name)
    ));
    stage.check(
        "a-document-is-read-with-fewer-buffers",
        format!(
            "an order is {} buffers in 1 statement as a document, {} as tables, {} in {} \
             statements by ids",
            copies.buffers, tables.buffers, ids.buffers, ids.statements
        ),
        copies.buffers < tables.buffers
            && view.buffers < tables.buffers
            && (copies.statements, tables.statements, ids.statements) == (1, 1, 2),
    );
    stage.measure("read-copies", "to read an order: document", Quantity::buffers(copies.buffers));
    stage.measure("read-tables", "to read an order: tables", Quantity::buffers(tables.buffers));
}
