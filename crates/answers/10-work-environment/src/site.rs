//! What happened before anybody looks: releases, each of which billed one day's orders.

use std::fs;

use evidence::{Failure, Stage};

use crate::project::{DEFECTS, Defect, Project};

/// A shop with a history, its sales, and the complaint that came of them.
#[derive(Debug)]
pub struct Site {
    /// The shop.
    pub project: Project,
    /// Its commits, the first one first; the index is the release.
    pub commits: Vec<String>,
    /// What hides in the history.
    pub defect: Defect,
    /// The release that brought it.
    pub guilty: usize,
    /// What the complaint names: the order, and what it should have cost, as the shop prints it.
    pub complaint: String,
    /// Totals that are wrong on a day, and on all days until the complaint.
    pub wrong: Wrong,
}

/// Totals that customers paid and that were wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// By one release with the defect.
    pub a_day: u64,
    /// By all releases so far.
    pub in_all: u64,
}

impl Site {
    /// Writes a history of `releases`, chooses by `seed` which defect and where in its second half,
    /// and lets each release bill the same orders. The complaint comes after the last.
    ///
    /// # Errors
    /// When a command fails or the reader stops the demo.
    pub fn open(stage: &Stage, releases: usize) -> Result<Self, Failure> {
        let seed = usize::try_from(stage.seed()).unwrap_or_default();
        let defect = DEFECTS[seed % DEFECTS.len()];
        let guilty = releases / 2 + seed % (releases / 4).max(1);
        let project = Project::create(stage.interrupt())?;
        let commits = project.history(releases, Some((guilty, defect)))?;
        let days = sell(stage, &project, &commits)?;
        let right: Vec<&str> = days[0].lines().collect();
        let wrong = |day: &String| day.lines().zip(&right).filter(|(is, was)| is != *was).count();
        let wrongs: Vec<u64> = days.iter().map(|day| wrong(day) as u64).collect();
        let last = days.last().map(String::as_str).unwrap_or_default();
        let complaint = right.iter().zip(last.lines()).find(|(was, is)| *was != is);
        let (complaint, _) = complaint.ok_or("the defect changes no total")?;
        let complaint = (*complaint).to_owned();
        let a_day = wrongs.last().copied().unwrap_or_default();
        let wrong = Wrong { a_day, in_all: wrongs.iter().sum() };
        Ok(Self { project, commits, defect, guilty, complaint, wrong })
    }

    /// The commit that is running when the complaint comes.
    #[must_use]
    pub fn newest(&self) -> &str {
        self.commits.last().map(String::as_str).unwrap_or_default()
    }

    /// How many releases had the defect when the complaint came.
    #[must_use]
    pub fn releases_with_it(&self) -> u64 {
        (self.commits.len() - self.guilty) as u64
    }

    /// The order that the complaint is about.
    #[must_use]
    pub fn order(&self) -> &str {
        self.complaint.split(' ').next().unwrap_or_default()
    }
}

/// The totals of each release; its log lies beside the shop, as `log-RELEASE`.
fn sell(stage: &Stage, project: &Project, commits: &[String]) -> Result<Vec<String>, Failure> {
    let mut bar = stage.progress("each release bills a day", commits.len() as u64, "releases");
    let mut days = Vec::new();
    for (release, commit) in commits.iter().enumerate() {
        project.go_to(commit)?;
        let said = project.desk().line("cargo run --quiet")?;
        fs::write(project.beside(&format!("log-{release}")), &said.err)?;
        days.push(said.expected()?);
        bar.advance(1)?;
    }
    Ok(days)
}
