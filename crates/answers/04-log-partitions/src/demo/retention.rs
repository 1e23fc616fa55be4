//! Getting rid of a month: DELETE row by row, or DROP.

use diesel::prelude::*;
use evidence::{Bar, Chart, ChartKind, Failure, Quantity, RungKind, Stage, Unit};
use foundation::scratch::number;

use super::fill::{MONTHS, partition_name};
use super::observe::wal_of;
use crate::tempting::delete_between;

/// Bytes that one month of retention takes.
#[derive(Clone, Copy)]
pub(super) struct Retention {
    pub(super) delete_wal: u64,
    pub(super) drop_wal: u64,
}

/// Months that each way gets rid of. The log position is the whole server's, so somebody else's
/// writes can only add to it: the smallest of three is the truest.
const EXPIRED: usize = 3;

/// Pages of the table itself and the total with everything that belongs to it.
const PLAIN_BYTES: &str = "pg_relation_size('entries_plain')";
const BY_MONTH_BYTES: &str =
    "SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree('entries_by_month')";

/// Lets three months expire both ways.
pub(super) fn compare(stage: &Stage, connection: &mut PgConnection) -> Result<Retention, Failure> {
    stage.step("Let the oldest three months expire");
    stage.predict("wal", "how much write-ahead log does DELETE of one month write?", Unit::Bytes);
    let (delete_wal, vacuum_wal) = delete_and_vacuum(stage, connection)?;
    stage.reveal("wal", Quantity::bytes(delete_wal));
    let drop_wal = detach_and_drop(stage, connection)?;
    let [delete, drop] = [delete_wal, drop_wal].map(Quantity::bytes);
    stage.measure("wal-delete", "write-ahead log: DELETE of one month", delete);
    stage.measure("wal-vacuum", "write-ahead log: VACUUM after it", Quantity::bytes(vacuum_wal));
    stage.measure("wal-drop", "write-ahead log: DETACH and DROP of one month", drop);
    stage.check(
        "drop-writes-a-fraction-of-the-log",
        format!("DROP of a month writes {drop} of write-ahead log, DELETE {delete}"),
        drop_wal * 5 <= delete_wal,
    );
    let setting = "SELECT (setting = 'on')::int FROM pg_settings WHERE name = 'full_page_writes'";
    stage.note(match number(connection, setting)? {
        1 => "Every replica replays all of that log, and every backup keeps it.",
        _ => {
            "This server writes no full-page images, which is kind to DELETE: with them, and with \
             replicas that replay all of it, the distance grows."
        }
    });
    stage.chart(chart(delete_wal, vacuum_wal, drop_wal));
    Ok(Retention { delete_wal, drop_wal })
}

/// Returns the log of one DELETE and that of the VACUUM after all of them, for one month.
fn delete_and_vacuum(stage: &Stage, connection: &mut PgConnection) -> Result<(u64, u64), Failure> {
    let before = number(connection, PLAIN_BYTES)?;
    let mut wal = u64::MAX;
    for month in MONTHS.windows(2).take(EXPIRED) {
        stage.go_on()?;
        let delete = delete_between("entries_plain", month[0], month[1]);
        wal = wal.min(wal_of(connection, &delete)?);
    }
    let vacuum = wal_of(connection, "VACUUM entries_plain")?;
    let after = number(connection, PLAIN_BYTES)?;
    stage.measure("size-before-delete", "one table before DELETE", Quantity::bytes(before));
    stage.measure("size-after-vacuum", "one table after DELETE and VACUUM", Quantity::bytes(after));
    stage.check(
        "vacuum-gives-no-disk-back",
        format!(
            "after DELETE of three months and VACUUM the file is as large as before: {} of {}",
            Quantity::bytes(after),
            Quantity::bytes(before),
        ),
        after >= before,
    );
    Ok((wal, vacuum / EXPIRED as u64))
}

fn detach_and_drop(stage: &Stage, connection: &mut PgConnection) -> Result<u64, Failure> {
    let before = number(connection, BY_MONTH_BYTES)?;
    let mut wal = u64::MAX;
    let mut months = 0;
    for from in &MONTHS[..EXPIRED] {
        stage.go_on()?;
        let name = partition_name("entries_by_month", from);
        months += number(connection, &format!("pg_relation_size('{name}')"))?;
        let detach = format!("ALTER TABLE entries_by_month DETACH PARTITION {name}");
        wal = wal.min(wal_of(connection, &format!("BEGIN; {detach}; DROP TABLE {name}; COMMIT"))?);
    }
    let after = number(connection, BY_MONTH_BYTES)?;
    stage.measure("size-after-drop", "partitions after DROP", Quantity::bytes(after));
    stage.check(
        "drop-gives-the-disk-back",
        format!("DROP gives the disk of the months back at once: {}", Quantity::bytes(months)),
        months > 0 && before - after == months,
    );
    Ok(wal)
}

fn chart(delete_wal: u64, vacuum_wal: u64, drop_wal: u64) -> Chart {
    let bar = |label: &str, bytes, rung| Bar {
        label: label.to_owned(),
        value: Quantity::bytes(bytes).value,
        spread: None,
        rung: Some(rung),
    };
    Chart {
        id: "wal".to_owned(),
        title: "Write-ahead log written to get rid of one month".to_owned(),
        axis: "bytes of write-ahead log".to_owned(),
        unit: Unit::Bytes,
        kind: ChartKind::Bars {
            bars: vec![
                bar("DELETE, then VACUUM", delete_wal + vacuum_wal, RungKind::Wrong),
                bar("DELETE alone", delete_wal, RungKind::Tempting),
                bar("DETACH and DROP", drop_wal, RungKind::Right),
            ],
            logarithmic: true,
        },
    }
}
