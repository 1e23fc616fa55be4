//! The end-to-end tests, behind PgBouncer, with a replica, on a Redis Cluster.

use std::fs;
use std::process::Command;

use local_services::Purpose;
use local_services::fleet::{PgBouncer, RedisCluster};

use crate::Outcome;
use crate::database::Database;
use crate::report::Report;
use crate::run::Run;

/// Connections of PgBouncer to one database: few, so that tests share them.
const POOL: u32 = 10;

pub(crate) fn take(run: &Run, report: &mut Report) -> Outcome<()> {
    report.progress("the end-to-end tests run (.local/scale/logs/suite.log), which takes minutes");
    let mut database = Database::start_pair(run, Purpose::Test)?;
    // Tests put rows into the primary themselves and read them at once, so the replica follows in step.
    database.query("ALTER SYSTEM SET synchronous_standby_names = '*'")?;
    database.query("SELECT pg_reload_conf()")?;
    database.query("ALTER ROLE postgres SET synchronous_commit = remote_apply")?;
    let pair = database.pair()?;
    let pooler = PgBouncer::start(pair.primary_socket(), "", POOL)?;
    let cluster = RedisCluster::start(3, false)?;
    let mut tests = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    tests.args(["test", "-p", "end-to-end", "--no-fail-fast"]).current_dir(&run.root);
    tests.env("DATABASE_URL", pair.primary_url());
    tests.env("TEST_DATABASE_POOLER_URL", pooler.url());
    tests.env("TEST_REPLICA_URL", pair.replica_url());
    tests.env("TEST_REDIS_CLUSTER_URL", cluster.url());
    let mut running = run.start("suite", &mut tests)?;
    while running.is_running()? {
        run.processes.pause(std::time::Duration::from_millis(200))?;
    }
    let status = running.end(&run.processes)?;
    let log = fs::read_to_string(run.log("suite"))?;
    let (passed, failed) = counts(&log);
    report.check(
        "passed",
        "the end-to-end tests behind PgBouncer, with a replica, on a Redis Cluster",
        format!("{passed} passed, {failed} failed"),
        status.success() && passed > 0,
    );
    Ok(())
}

/// Sums of the lines `test result: ok. 12 passed; 0 failed; …`.
fn counts(log: &str) -> (u64, u64) {
    let number = |line: &str, word: &str| {
        let words: Vec<&str> = line.split([' ', ';']).filter(|word| !word.is_empty()).collect();
        let at = words.iter().position(|found| *found == word)?;
        words.get(at.checked_sub(1)?)?.parse::<u64>().ok()
    };
    log.lines().filter(|line| line.starts_with("test result:")).fold((0, 0), |sums, line| {
        let count = |word| number(line, word).unwrap_or(0);
        (sums.0 + count("passed"), sums.1 + count("failed"))
    })
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn results_of_all_binaries_are_summed() {
        let log = "running 2 tests\ntest result: ok. 12 passed; 0 failed; 0 ignored\n\
                   test result: FAILED. 3 passed; 2 failed; 0 ignored; finished in 1.2s\n";
        assert_eq!(counts(log), (15, 2));
    }
}
