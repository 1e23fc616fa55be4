//! What holds, and what does not, once a month has moved.

use std::process::Command;

use serde_json::{Value, json};

use super::{Month, ROWS, World};
use crate::Outcome;
use crate::http::Ask;
use crate::report::{Report, milliseconds};

impl World<'_> {
    fn plan(&self, from: &str, to: &str) -> Outcome<(String, u64)> {
        let page = self.page(from, to).at("/api/v1/logs?", "/api/v1/logs/plan?");
        let plan = self.run.http.ask(&page).expect(200, "a plan")?.body;
        let read: Vec<&str> = plan["partitions_read"]
            .as_array()
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        Ok((read.join(", "), plan["partitions_total"].as_u64().unwrap_or(0)))
    }

    pub(super) fn pruning(&self, report: &mut Report) -> Outcome<()> {
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

    pub(super) fn late_rows(&self, report: &mut Report) -> Outcome<()> {
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
    pub(super) fn retention(&self, report: &mut Report) -> Outcome<()> {
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

    pub(super) fn archive_down(&mut self, report: &mut Report) -> Outcome<()> {
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
