//! When tests at each edit are wrong: the same edits with a suite that has grown slow.

use std::fmt::Write;
use std::fs;
use std::time::Duration;

use evidence::Failure;

use crate::desk::Desk;
use crate::project::{Defect, Project};

/// Tests that the shop's own module has.
pub const OWN_TESTS: u64 = 4;

/// What each of the other tests waits for, in milliseconds.
const WAIT: u64 = 3;

/// What a rhythm of testing took until the defect was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// Edits made until then.
    pub edits: u64,
    /// Tests that ran.
    pub tests: u64,
    /// Edits since the tests last passed: any of them may be the one.
    pub suspects: u64,
    /// How long the commands took.
    pub took: Duration,
}

/// Some edits, one of which brings the defect, and a suite of many tests beside the shop's own.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// How many edits.
    pub edits: u64,
    /// Which of them is wrong, counted from 1.
    pub wrong: u64,
    /// Tests of everything else.
    pub others: u64,
    /// The defect.
    pub defect: Defect,
}

/// When and what is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Testing {
    /// The tests of the module that is edited, at each edit.
    OwnAtEachEdit,
    /// Every test at each edit.
    AllAtEachEdit,
    /// Every test, once the work is done.
    AllAtTheEnd,
}

impl Work {
    /// Makes the edits on top of `start`, a release without the defect, and tests in the rhythm of
    /// `testing` until a test fails.
    ///
    /// # Errors
    /// When a command cannot be run, or no test ever fails.
    pub fn perform(
        self,
        project: &Project,
        start: &str,
        testing: Testing,
    ) -> Result<Rhythm, Failure> {
        project.go_to(start)?;
        fs::write(project.path("src/others.rs"), others(self.others))?;
        let module = "#[cfg(test)]\nmod tests;";
        project.edit(module, &format!("{module}\n#[cfg(test)]\nmod others;"))?;
        let mut desk = project.desk();
        let mut tests = 0;
        for edit in 1..=self.edits {
            self.edit(project, edit)?;
            if testing == Testing::AllAtTheEnd && edit < self.edits {
                continue;
            }
            let (ran, passed) = run_tests(&mut desk, testing)?;
            tests += ran;
            if !passed {
                let suspects = if testing == Testing::AllAtTheEnd { edit } else { 1 };
                return Ok(Rhythm { edits: edit, tests, suspects, took: desk.took });
            }
        }
        Err("no test has failed".into())
    }

    fn edit(self, project: &Project, edit: u64) -> Result<(), Failure> {
        if edit == self.wrong {
            return project.edit(self.defect.from, self.defect.to);
        }
        // Even numbers change code.
        project.harmless_change(usize::try_from(2 * edit)?)
    }
}

/// How many tests ran, and whether all passed.
fn run_tests(desk: &mut Desk, testing: Testing) -> Result<(u64, bool), Failure> {
    let own = if testing == Testing::OwnAtEachEdit { " tests::" } else { "" };
    let said = desk.line(&format!("cargo test --quiet --lib{own}"))?;
    let count = said
        .out
        .lines()
        .find_map(|line| line.strip_prefix("running ")?.split(' ').next()?.parse().ok());
    let count = count.ok_or_else(|| format!("no tests ran: {}", said.err))?;
    Ok((count, said.success))
}

/// So many tests, each billing an order that no defect touches after a wait as for a server.
fn others(count: u64) -> String {
    let mut text = "use super::{Bill, Order};\n".to_owned();
    for number in 1..=count {
        let _ = write!(
            text,
            "\n#[test]\nfn order_{number}_is_billed() {{\n    \
             std::thread::sleep(std::time::Duration::from_millis({WAIT}));\n    let order = Order {{ number: \
             {number}, quantity: 1, piece: {number} }};\n    assert_eq!(Bill::of(&order).total(), \
             {number} + 490);\n}}\n"
        );
    }
    text
}
