//! An old month of the log on a second PostgreSQL, through `postgres_fdw`.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

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

    fn plan(&self, from: &str, to: &str) -> Outcome<(String, u64)> {
        let page = self.page(from, to).at("/api/v1/logs?", "/api/v1/logs/plan?");
        let plan = self.run.http.ask(&page).expect(200, "a plan")?.body;
        let read: Vec<&str> = plan["partitions_read"]
            .as_array()
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        Ok((read.join(", "), plan["partitions_total"].as_u64().unwrap_or(0)))
    }

    fn pruning(&self, report: &mut Report) -> Outcome<()> {
        let Month { name, from, to } = &self.month;
        let (read, total) = self.plan(from, to)?;
        report.check(
            "pruned",
            "a listing of the moved month reads that month alone",
            format!("{read}, of {total} partitions"),
            read == format!("{name}_archived"),
        );
        let present = self.main.query("SELECT to_char(now(), '\"log_entries_\"YYYY_MM')")?;
        let (read, _) = self.plan(&self.month_start()?, &self.now()?)?;
        report.check(
            "recent-local",
            "a listing of the present month touches no other server",
            read.clone(),
            read == present,
        );
        let explained = self.main.query(&format!(
            "EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM log_entries
             WHERE logged_at >= '{from}' AND logged_at < '{to}'
             ORDER BY logged_at DESC, id DESC LIMIT 50"
        ))?;
        report.check(
            "pushed",
            "the archive gets the range and the order, not the whole month to send",
            if explained.contains("ORDER BY logged_at DESC") {
                "ORDER BY is sent"
            } else {
                "it is not"
            },
            explained.contains("Remote SQL") && explained.contains("ORDER BY logged_at DESC"),
        );
        Ok(())
    }

    fn now(&self) -> Outcome<String> {
        self.main.query("SELECT to_char(now(), 'YYYY-MM-DD HH24:MI:SS+00')")
    }

    fn month_start(&self) -> Outcome<String> {
        self.main.query("SELECT to_char(date_trunc('month', now()), 'YYYY-MM-DD HH24:MI:SS+00')")
    }

    fn late_rows(&self, report: &mut Report) -> Outcome<()> {
        let at = self.month.from.replace(' ', "T").replace("+00", "Z");
        let entry = json!({"logged_at": at, "level": "warn", "service": "late", "message": "late"});
        let batch = Ask::post(&self.base, "/api/v1/logs", json!({"entries": [entry]}));
        let stored = self.run.http.ask(&batch).expect(201, "a late row")?;
        let there =
            self.archive.number(&format!("SELECT count(*) FROM {}", self.month.name))? - ROWS.0;
        report.check(
            "late",
            "a row that comes late for the month goes there by itself",
            format!("{there} there"),
            there == 1 && stored.body["outside_partitions"] == 0,
        );
        Ok(())
    }

    /// The daily job, told to keep next to nothing.
    fn retention(&self, report: &mut Report) -> Outcome<()> {
        let mut job = Command::new(&self.run.backend);
        job.args(["job", "log-maintenance"]).env("DATABASE_URL", self.main.url()?);
        job.env("LOG_RETENTION_MONTHS", "1");
        let told = self.run.processes.output_of(&mut job)?;
        let attached = self.main.number(&format!(
            "SELECT count(*) FROM pg_inherits WHERE inhrelid = '{}_archived'::regclass",
            self.month.name
        ))?;
        report.check(
            "retention",
            "the daily job runs, and leaves what was moved to whoever moved it",
            if told.is_empty() { "nothing to do" } else { told.as_str() },
            attached == 1,
        );
        Ok(())
    }

    fn archive_down(&mut self, report: &mut Report) -> Outcome<()> {
        self.archive.stop();
        // More often than PostgreSQL plans anew: the plan for every month must do without it, too.
        let present = self.page(&self.month_start()?, &self.now()?);
        let recent = self.run.http.ask_at_once(&vec![present; 40]);
        let served = recent.iter().filter(|reply| reply.status == 200).count();
        report.check(
            "down-recent",
            "while the archive is down, the present month is listed",
            format!("{served} of 40"),
            served == 40,
        );
        let old = self.run.http.ask(&self.page(&self.month.from, &self.month.to)).status;
        let ready = self.run.http.ask(&Ask::get(&self.base, "/health/ready")).status;
        report.check(
            "down-old",
            "and the moved month is not, which costs nobody else anything",
            format!("status {old} for it, readiness {ready}"),
            old >= 500 && ready == 200,
        );
        self.archive.restart()?;
        let back = self.run.processes.wait_for("the moved month", || {
            Ok(self.run.http.ask(&self.page(&self.month.from, &self.month.to)).status == 200)
        })?;
        report.check(
            "back",
            "it is listed again once the archive is back, without a restart of anything else",
            format!("after {}", milliseconds(back)),
            true,
        );
        Ok(())
    }
}
