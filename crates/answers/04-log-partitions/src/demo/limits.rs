//! When partitions are the wrong answer: questions and promises without the key.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::Error;
use evidence::{Outcome, Quantity, Stage};

use super::observe::executed;
use crate::tempting::UNIQUE_WITHOUT_KEY;

/// Asks for one entry by its id, and asks the table to keep ids unique.
pub(super) fn show(stage: &Stage, connection: &mut PgConnection, entries: u64) -> Outcome {
    stage.step("When this answer is wrong: ask for one entry without its time");
    for table in ["entries_plain", "entries_by_month"] {
        connection.batch_execute(&format!("CREATE INDEX {table}_id ON {table} (id)"))?;
        stage.go_on()?;
    }
    let mut look_up = |table| {
        let lookup = format!("SELECT * FROM {table} WHERE id = {}", entries / 3);
        executed(connection, &lookup)?; // The first one also reads the catalog.
        executed(connection, &lookup)
    };
    let plain = look_up("entries_plain")?;
    let by_month = look_up("entries_by_month")?;
    let [one, all] = [&plain, &by_month].map(|plan| Quantity::buffers(plan.buffers));
    stage.measure("lookup-plain", "one entry by id, one table", one);
    stage.measure("lookup-partitions", "one entry by id, 12 partitions", all);
    let probed = by_month.partitions_read.len();
    stage.check(
        "lookup-without-key-probes-every-partition",
        format!("one entry by its id takes {one} in one table and {all} in {probed} partitions"),
        probed == 12 && by_month.buffers >= 4 * plain.buffers,
    );
    connection.batch_execute("DROP INDEX entries_plain_id; DROP INDEX entries_by_month_id")?;
    refuse_uniqueness(stage, connection)
}

/// Not a slow plan but a promise that cannot be made: each index covers one partition.
fn refuse_uniqueness(stage: &Stage, connection: &mut PgConnection) -> Outcome {
    let refused = match connection.batch_execute(UNIQUE_WITHOUT_KEY) {
        Ok(()) => false,
        Err(Error::DatabaseError(_, reason)) => {
            stage.code("PostgreSQL refuses", format!("{UNIQUE_WITHOUT_KEY}\n{}", reason.message()));
            reason.message().contains("must include all partitioning columns")
        }
        Err(error) => return Err(error.into()),
    };
    stage.check(
        "uniqueness-needs-the-key",
        "a partitioned table cannot keep ids unique unless the time is part of the key",
        refused,
    );
    Ok(())
}
