//! Seven ways to meet the same defect. Each types commands at a desk of its own until it knows the
//! line, or believes that all is well.
//!
//! [`searching`] begins when a customer complains; [`testing`] when the line is written.

pub mod searching;
pub mod testing;

use std::time::Duration;

use evidence::{Failure, RungKind};

use crate::desk::Desk;
use crate::site::Site;

/// What it took to know the line, and what went wrong until then.
#[derive(Clone, Debug)]
pub struct Hunt {
    /// Commands typed, by people and by what runs for them.
    pub commands: u64,
    /// Releases built and run to see whether they have the defect.
    pub tried: u64,
    /// Lines of source that are left to suspect; `None` when nobody suspects anything.
    pub suspects: Option<u64>,
    /// Commits that hold the defect.
    pub commits: u64,
    /// Totals that customers paid and that were wrong.
    pub wrong: u64,
    /// How long the commands took. What people need to think of them is not in it.
    pub took: Duration,
    /// What led to the line: a commit, a step of the log, a failed assertion.
    pub clue: String,
}

impl Hunt {
    /// After a complaint: every release so far has sold what it sold.
    fn after_the_complaint(site: &Site, desk: &Desk) -> Self {
        Self {
            commands: desk.commands,
            tried: 0,
            suspects: None,
            commits: site.releases_with_it(),
            wrong: site.wrong.in_all,
            took: desk.took,
            clue: String::new(),
        }
    }

    /// Before the release: nobody has paid anything.
    fn before_the_release(desk: &Desk, commits: u64) -> Self {
        let (commands, took) = (desk.commands, desk.took);
        Self { commands, tried: 0, suspects: None, commits, wrong: 0, took, clue: String::new() }
    }
}

/// One of the ways.
#[derive(Debug)]
pub struct Way {
    /// Short id, part of the ids of measurements.
    pub id: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// Where it stands on the ladder.
    pub kind: RungKind,
    /// Goes it.
    pub hunt: fn(&Site) -> Result<Hunt, Failure>,
}

const fn way(
    id: &'static str,
    name: &'static str,
    kind: RungKind,
    hunt: fn(&Site) -> Result<Hunt, Failure>,
) -> Way {
    Way { id, name, kind, hunt }
}

/// All of them, from the one that starts with nothing.
pub const WAYS: [Way; 7] = [
    way("back", "nothing: release by release", RungKind::Wrong, searching::one_by_one),
    way("bisect", "nothing: git bisect", RungKind::Tempting, searching::bisect),
    way("elsewhere", "a test of another case", RungKind::Tempting, testing::elsewhere),
    way("log", "a log line per order", RungKind::Tempting, searching::by_the_log),
    way("test", "tests at each edit", RungKind::Right, testing::at_the_edit),
    way("hook", "tests in a commit hook", RungKind::Costly, testing::in_a_hook),
    way("ci", "tests in CI, after the push", RungKind::Costly, testing::in_ci),
];

/// Lines of source that a change put there; `command` prints it as `--numstat` does.
fn lines_of(site: &Site, command: &str) -> Result<u64, Failure> {
    let text = site.project.desk().line(command)?.expected()?;
    Ok(text.lines().filter_map(|line| line.split('\t').next()?.parse::<u64>().ok()).sum())
}
