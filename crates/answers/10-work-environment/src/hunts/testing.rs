//! Meeting a defect before customers do.

use std::fs;

use evidence::Failure;

use super::{Hunt, lines_of};
use crate::desk::Desk;
use crate::site::Site;

const CHECK: &str = "cargo check --quiet";
/// Runs the tests of the shop.
pub const TEST: &str = "cargo test --quiet --lib";
const HOOK: &str = ".git/hooks/pre-commit";
const EDITED: &str = "git diff --numstat HEAD -- src";

/// The edit that brings the defect, on top of the release before it; not committed.
///
/// # Errors
/// When git or the file system refuses.
pub fn make_the_edit(site: &Site) -> Result<(), Failure> {
    site.project.go_to(&site.commits[site.guilty - 1])?;
    site.project.edit(site.defect.from, site.defect.to)
}

/// Edit, check, test. The compiler is content, the test names the line of its assertion, and what
/// is left to suspect is what was edited since the last time it passed.
///
/// # Errors
/// When a command cannot be run, or the tests pass.
pub fn at_the_edit(site: &Site) -> Result<Hunt, Failure> {
    make_the_edit(site)?;
    let mut desk = site.project.desk();
    desk.line(CHECK)?.expected()?;
    let clue = failed_assertion(&desk.line(TEST)?.out)?;
    let suspects = Some(lines_of(site, EDITED)?);
    Ok(Hunt { suspects, clue, ..Hunt::before_the_release(&desk, 0) })
}

/// The same with a test of a case that the defect does not touch: green, and sold.
///
/// # Errors
/// When a command cannot be run, or that test fails.
pub fn elsewhere(site: &Site) -> Result<Hunt, Failure> {
    make_the_edit(site)?;
    let mut desk = site.project.desk();
    desk.line(&format!("{TEST} a_small_order"))?.expected()?;
    let clue = "1 test passed".to_owned();
    Ok(Hunt { clue, ..Hunt::after_the_complaint(site, &desk) })
}

/// The edit is committed at once, and a hook runs the tests: git refuses the commit.
///
/// # Errors
/// When a command cannot be run, or the commit is made.
pub fn in_a_hook(site: &Site) -> Result<Hunt, Failure> {
    make_the_edit(site)?;
    // Written by a shell: a file that this process has open for writing could not be executed.
    let write = format!("printf '#!/bin/sh\nexec {TEST}\n' > {HOOK} && chmod +x {HOOK}");
    site.project.desk().line("mkdir -p .git/hooks")?.expected()?;
    site.project.desk().run(&["sh", "-c", &write])?.expected()?;
    let mut desk = site.project.desk();
    let said = desk.line("git commit --quiet --all --message=Faster");
    fs::remove_file(site.project.path(HOOK))?;
    let said = said?;
    if said.success {
        return Err("the hook let the commit through".into());
    }
    // A hook's standard output is git's standard error.
    let clue = failed_assertion(&format!("{}{}", said.out, said.err))?;
    let suspects = Some(lines_of(site, EDITED)?);
    Ok(Hunt { suspects, clue, ..Hunt::before_the_release(&desk, 0) })
}

/// Committed and pushed; another machine clones, builds from nothing, and tests.
///
/// # Errors
/// When a command cannot be run, or the tests pass.
pub fn in_ci(site: &Site) -> Result<Hunt, Failure> {
    make_the_edit(site)?;
    for left_over in ["hub", "ci"] {
        drop(fs::remove_dir_all(site.project.beside(left_over)));
    }
    site.project.desk_beside("").line("git init --quiet --bare --template= hub")?.expected()?;
    let mut desk = site.project.desk();
    desk.line("git commit --quiet --all --message=Faster")?.expected()?;
    desk.line("git push --quiet ../hub HEAD:refs/heads/main")?.expected()?;
    let suspects = Some(lines_of(site, "git show --numstat --format= HEAD -- src")?);
    let mut ci: Desk = site.project.desk_beside("");
    ci.line("git clone --quiet --branch=main hub ci")?.expected()?;
    let mut tests = site.project.desk_beside("ci");
    let clue = failed_assertion(&tests.line(TEST)?.out)?;
    for other in [ci, tests] {
        desk.commands += other.commands;
        desk.took += other.took;
    }
    Ok(Hunt { suspects, clue, ..Hunt::before_the_release(&desk, 1) })
}

/// Where the first assertion failed, as `src/tests.rs:LINE`.
fn failed_assertion(output: &str) -> Result<String, Failure> {
    let place = |rest: &str| {
        let mut parts = rest.split(':');
        Some(format!("{}:{}", parts.next()?, parts.next()?))
    };
    output.split("panicked at ").nth(1).and_then(place).ok_or_else(|| "the tests passed".into())
}
