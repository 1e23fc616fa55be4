//! Finding a defect that customers have found already.

use evidence::{Failure, source};

use super::{Hunt, lines_of};
use crate::site::Site;

/// Builds and runs one release after the other, the newest first, until the complaint is settled.
///
/// # Errors
/// When a command fails in a way that has nothing to do with the defect.
pub fn one_by_one(site: &Site) -> Result<Hunt, Failure> {
    let mut desk = site.project.desk();
    let mut tried = 0;
    let mut bad = site.newest();
    for commit in site.commits.iter().rev() {
        desk.run(&["git", "checkout", "--quiet", "--detach", commit])?.expected()?;
        tried += 1;
        let bills = desk.line("cargo run --quiet")?.expected()?;
        if bills.lines().any(|line| line == site.complaint) {
            break;
        }
        bad = commit;
    }
    let suspects = Some(changed_lines(site, bad)?);
    let clue = format!("commit {}", &bad[..8]);
    Ok(Hunt { tried, suspects, clue, ..Hunt::after_the_complaint(site, &desk) })
}

/// Lets git halve the releases between one that is right and one that is wrong.
///
/// # Errors
/// As [`one_by_one`].
pub fn bisect(site: &Site) -> Result<Hunt, Failure> {
    let mut desk = site.project.desk();
    let is_right = format!("cargo run --quiet | grep -qx '{}'", site.complaint);
    let start = ["git", "bisect", "start", site.newest(), &site.commits[0]];
    desk.run(&start)?.expected()?;
    let said = desk.run(&["git", "bisect", "run", "sh", "-c", &is_right])?.expected()?;
    desk.line("git bisect reset")?.expected()?;
    let verdict = said.lines().find_map(|line| line.strip_suffix(" is the first bad commit"));
    let bad = verdict.ok_or("git bisect came to no end")?;
    let tried = said.lines().filter(|line| line.starts_with("running ")).count() as u64;
    let suspects = Some(changed_lines(site, bad)?);
    let clue = format!("commit {}", &bad[..8]);
    Ok(Hunt { tried, suspects, clue, ..Hunt::after_the_complaint(site, &desk) })
}

/// Lays the log line of the order beside that of the first release: the first number that differs
/// names the step, and the step is a function.
///
/// # Errors
/// As [`one_by_one`], and when the log tells nothing.
pub fn by_the_log(site: &Site) -> Result<Hunt, Failure> {
    let mut desk = site.project.desk_beside("");
    let (order, newest) = (format!("^order={} ", site.order()), site.commits.len() - 1);
    let logs = ["log-0".to_owned(), format!("log-{newest}")];
    let said = desk.run(&["grep", "-h", &order, &logs[0], &logs[1]])?.expected()?;
    let (was, is) = said.trim().split_once('\n').ok_or("the logs hold no such order")?;
    let differs = was.split(' ').zip(is.split(' ')).find(|(was, is)| was != is);
    let (_, step) = differs.ok_or("both logs say the same")?;
    let step = step.split('=').next().unwrap_or_default();
    let shop = std::fs::read_to_string(site.project.path("src/lib.rs"))?;
    let function = source::find("lib.rs", &shop, step).ok_or("no function of that name")?;
    let suspects = Some(function.text.lines().count() as u64);
    let clue = format!("step {step}");
    Ok(Hunt { suspects, clue, ..Hunt::after_the_complaint(site, &desk) })
}

/// What is left to read once the commit is known.
fn changed_lines(site: &Site, commit: &str) -> Result<u64, Failure> {
    lines_of(site, &format!("git show --numstat --format= {commit} -- src"))
}
