//! An old month of the log on a second PostgreSQL, through `postgres_fdw`.

mod promises;

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Outcome;
use crate::database::Database;
use crate::fleet::Fleet;
use crate::http::Ask;
use crate::report::{Report, milliseconds};
use crate::run::Run;
use crate::steps::replicas::settings;

/// Rows of the old month and of the present one.
const ROWS: (u64, u64) = (60_000, 20_000);

/// What is moved, and who is asked about it.
struct World<'run> {
    run: &'run Run,
    main: Database,
    archive: Database,
    month: Month,
    base: String,
}

/// A month by its partition and bounds, as the database writes them.
struct Month {
    name: String,
    from: String,
    to: String,
}

pub(crate) fn take(run: &Run, report: &mut Report) -> Outcome<()> {
    report.progress("two PostgreSQL servers and a backend start, and a log is filled in");
    let (main, archive) = (Database::start(run, "main")?, Database::start(run, "archive")?);
    // Nothing of it needs Redis; a name that leads nowhere keeps the private one from starting.
    let nowhere = [("REDIS_URL", "redis://127.0.0.1:1/0")];
    let fleet = Fleet::start(run, settings(&main, 1, &nowhere)?)?;
    let month = fill(run, &main)?;
    let mut world = World { run, main, archive, month, base: fleet.base(0) };
    let before = world.old_page()?;
    let time_before = world.time_of_page()?;
    world.move_away(report)?;
    report.check(
        "same-page",
        "the API shows the same page of the moved month",
        format!("{} entries", before.as_array().map_or(0, Vec::len)),
        world.old_page()? == before,
    );
    let time_after = world.time_of_page()?;
    report.figure(
        "page-time",
        "a page of it, here and then over there (median of 21)",
        format!("{}, then {}", milliseconds(time_before), milliseconds(time_after)),
    );
    world.pruning(report)?;
    world.late_rows(report)?;
    world.retention(report)?;
    world.archive_down(report)
}

/// Waits for the months that the backend makes by itself, and adds an old one with rows.
fn fill(run: &Run, main: &Database) -> Outcome<Month> {
    let months = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'log_entries'::regclass";
    run.processes.wait_for("the present month", || Ok(main.number(months)? > 1))?;
    let part = |format: &str| {
        main.query(&format!(
            "SELECT to_char(date_trunc('month', now() - interval '4 months'){format})"
        ))
    };
    let month = Month {
        name: part(", '\"log_entries_\"YYYY_MM'")?,
        from: part(", 'YYYY-MM-DD HH24:MI:SS+00'")?,
        to: part(" + interval '1 month', 'YYYY-MM-DD HH24:MI:SS+00'")?,
    };
    let Month { name, from, to } = &month;
    let (old, new) = ROWS;
    main.query(&format!(
        "CREATE TABLE {name} PARTITION OF log_entries FOR VALUES FROM ('{from}') TO ('{to}')"
    ))?;
    let fill = |start: &str, span: &str, rows: u64| {
        format!(
            "INSERT INTO log_entries (logged_at, level, service, message)
             SELECT {start} + number * ({span}) / {rows}, 2 + number % 3, 'service-' || number % 20,
                    'entry ' || number || repeat(' of a log', 12)
             FROM generate_series(0, {rows} - 1) AS number"
        )
    };
    main.query(&fill(&format!("timestamptz '{from}'"), "interval '27 days'", old))?;
    let present = "date_trunc('month', now())";
    main.query(&fill(present, &format!("now() - {present}"), new))?;
    main.query("ANALYZE log_entries")?;
    Ok(month)
}

impl World<'_> {
    fn page(&self, from: &str, to: &str) -> Ask {
        let encoded = |time: &str| time.replace(' ', "T").replace("+00", "Z");
        let path = format!("/api/v1/logs?limit=50&from={}&to={}", encoded(from), encoded(to));
        Ask::get(&self.base, &path)
    }

    fn old_page(&self) -> Outcome<Value> {
        let page = self.page(&self.month.from, &self.month.to);
        Ok(self.run.http.ask(&page).expect(200, "a page of the old month")?.body)
    }

    fn time_of_page(&self) -> Outcome<Duration> {
        let mut times = Vec::new();
        for _ in 0..21 {
            let began = Instant::now();
            self.old_page()?;
            times.push(began.elapsed());
        }
        times.sort_unstable();
        Ok(times[times.len() / 2])
    }

    fn rows(&self) -> Outcome<u64> {
        self.main.number("SELECT count(*) FROM log_entries")
    }

    fn digest(&self) -> Outcome<String> {
        let Month { from, to, .. } = &self.month;
        self.main.query(&format!(
            "SELECT md5(string_agg(md5(log::text), '' ORDER BY logged_at, id))
             FROM (SELECT logged_at, id, level, service, message FROM log_entries
                   WHERE logged_at >= '{from}' AND logged_at < '{to}') AS log"
        ))
    }

    fn script(&self, on: &Database, file: &str) -> Outcome<String> {
        let place = self.archive.place()?;
        let Month { name, from, to } = &self.month;
        on.script(
            &self.run.file("scale-test/sql").join(file),
            &[
                ("archive_host", &place.host),
                ("archive_port", &place.port),
                ("archive_password", "unused over a socket"),
                ("month", name),
                ("from", from),
                ("to", to),
            ],
        )
    }

    fn move_away(&mut self, report: &mut Report) -> Outcome<()> {
        let (rows, digest) = (self.rows()?, self.digest()?);
        let bytes = format!("SELECT pg_total_relation_size('{}')", self.month.name);
        let bytes = self.main.number(&bytes)?;
        self.script(&self.main, "archive-months.sql")?;
        self.script(&self.archive, "archive-server.sql")?;
        self.archive.stop();
        let broke_off = self.main.script(
            &self.run.file("scale-test/sql/move-month.sql"),
            &[("month", &self.month.name), ("from", &self.month.from), ("to", &self.month.to)],
        );
        report.check(
            "interrupted",
            "a move that breaks off leaves the month here and whole",
            format!("{} rows", self.rows()?),
            broke_off.is_err() && self.digest()? == digest,
        );
        self.archive.restart()?;
        let began = Instant::now();
        self.script(&self.main, "move-month.sql")?;
        let took = began.elapsed();
        let there = self.archive.number(&format!("SELECT count(*) FROM {}", self.month.name))?;
        report.check(
            "moved",
            "the second attempt moves it: as many rows as before, the same to the last letter",
            format!("{rows} rows before, {} after, {there} of them there", self.rows()?),
            self.rows()? == rows && there == ROWS.0 && self.digest()? == digest,
        );
        let rate = ROWS.0 as f64 / took.as_secs_f64();
        report.figure(
            "move-time",
            "the move",
            format!(
                "{} for {} ({rate:.0} rows a second)",
                milliseconds(took),
                evidence::Quantity::bytes(bytes)
            ),
        );
        Ok(())
    }
}
