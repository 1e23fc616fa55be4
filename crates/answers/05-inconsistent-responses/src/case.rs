//! What the others are told: intake form, updates, escalation rule and closing note of one case,
//! written from what the probe measured and when.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use crate::probe::{Cause, Report, shortened};

/// Until then somebody who owns the service is called, whatever has been found.
const ESCALATE_AFTER: TimeDelta = TimeDelta::minutes(30);
/// How often the others hear, also when there is nothing new.
const UPDATE_EVERY: TimeDelta = TimeDelta::minutes(15);

/// A case, from the first probe to the last.
#[derive(Clone, Debug)]
pub struct Case {
    first: Probed,
    fixes: Vec<(String, Probed)>,
}

/// What one probe tells the others.
#[derive(Clone, Debug)]
struct Probed {
    began: DateTime<Utc>,
    ended: DateTime<Utc>,
    url: String,
    requests: u32,
    different: u32,
    causes: Vec<Cause>,
    findings: Vec<String>,
    examples: Vec<String>,
}

impl Case {
    /// A case that begins with this probe.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        Self { first: Probed::from(report), fixes: Vec::new() }
    }

    /// Adds what was changed, and the probe after it.
    #[must_use]
    pub fn then(mut self, change: &str, report: &Report) -> Self {
        self.fixes.push((change.to_owned(), Probed::from(report)));
        self
    }

    fn last(&self) -> &Probed {
        self.fixes.last().map_or(&self.first, |(_, probed)| probed)
    }

    fn is_closed(&self) -> bool {
        self.last().different <= 1
    }
}

impl From<&Report> for Probed {
    fn from(report: &Report) -> Self {
        let found = report.differences.iter().filter(|one| one.cause.is_defect());
        let examples = report.groups.iter().take(2).map(|group| {
            let id = group.request_id.as_deref().map(shortened);
            let id = id.map(|id| format!(", request {id}")).unwrap_or_default();
            format!("{} ({} responses{id})", group.digest, group.responses)
        });
        Self {
            began: report.began,
            ended: report.ended(),
            url: report.url.clone(),
            requests: report.requests,
            different: report.different,
            causes: report.causes(),
            findings: found
                .map(|one| {
                    format!("{} at {}", one.cause.title(), shortened(&one.patterns.join(", ")))
                })
                .collect(),
            examples: examples.collect(),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.intake(f)?;
        if self.first.different > 1 {
            self.updates(f)?;
            self.escalation(f)?;
        }
        self.closing(f)
    }
}

impl Case {
    fn intake(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Probed { began, url, requests, different, examples, .. } = &self.first;
        writeln!(f, "# Intake, {}\n", clock(*began))?;
        writeln!(f, "- Seen: responses to one request differ")?;
        writeln!(f, "- Request: GET {url}")?;
        writeln!(f, "- Sent: {requests} identical GETs; different responses: {different}")?;
        writeln!(f, "- Examples: {}", examples.join("; "))?;
        writeln!(f, "- Asked of the front-end team: since when, for whom, from which request id")
    }

    fn updates(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Probed { ended, requests, different, findings, .. } = &self.first;
        writeln!(f, "\n# Update 1, {}\n", clock(*ended))?;
        writeln!(
            f,
            "Reproduced without the front end: {requests} GETs, {different} different responses. \
             Please change nothing there. Next update by {}.",
            clock(*ended + UPDATE_EVERY)
        )?;
        let found_at = self.fixes.first().map_or(*ended, |(_, probed)| probed.began);
        writeln!(f, "\n# Update 2, {}\n", clock(found_at))?;
        match findings.as_slice() {
            [] => writeln!(f, "No cause found yet.")?,
            findings => writeln!(f, "Found: {}.", findings.join("; "))?,
        }
        writeln!(f, "\n# Update 3, {}\n", clock(self.last().ended))?;
        if self.fixes.is_empty() {
            writeln!(f, "Nothing changed yet; the same probe decides when it is fixed.")?;
        }
        let mut before = *different;
        for (change, probed) in &self.fixes {
            let (time, after) = (clock(probed.ended), probed.different);
            writeln!(f, "- {time} {change}: different responses {before} → {after}")?;
            before = after;
        }
        Ok(())
    }

    fn escalation(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let causes = &self.first.causes;
        writeln!(f, "\n# Escalation rule\n")?;
        if causes.contains(&Cause::VersionSkew) || causes.contains(&Cause::Failing) {
            writeln!(f, "- Now, to whoever releases: members are missing or requests fail")?;
        }
        writeln!(
            f,
            "- At {}, to the owner of the service, if one cause is still unexplained or unfixed",
            clock(self.first.began + ESCALATE_AFTER)
        )?;
        writeln!(f, "- At once, if data were written wrongly and not only shown")
    }

    fn closing(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.last();
        if !self.is_closed() {
            return writeln!(f, "\n# Open\n\n{} different responses remain.", last.different);
        }
        writeln!(f, "\n# Closing note, {}\n", clock(last.ended))?;
        if self.fixes.is_empty() {
            return writeln!(f, "Not reproduced. Ask for a request id before this is closed.");
        }
        let seconds = (last.ended - self.first.began).as_seconds_f64();
        writeln!(
            f,
            "{} identical GETs, {} response; {} at intake, {seconds:.1} s before. The contract is \
             checked on every instance from now on.",
            last.requests, last.different, self.first.different,
        )
    }
}

fn clock(time: DateTime<Utc>) -> impl fmt::Display {
    time.format("%H:%M:%S UTC")
}
