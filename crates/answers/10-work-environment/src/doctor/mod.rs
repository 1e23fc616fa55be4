//! Checks a machine: what is there, what is missing, and how to get it.
//!
//! Every check is a function of a [`Machine`], so that a test can hand it one on which something is
//! wrong; a check that has never failed has never been seen to work.

mod checkout;
mod machine;
mod resources;
mod services;
mod tools;

use std::process::ExitCode;

pub use machine::{Machine, Readings};

/// What was found out about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// There, with its version or place.
    Good(String),
    /// Missing, and nothing works well without it.
    Missing {
        /// What was found instead.
        found: String,
        /// What to do about it.
        fix: String,
    },
    /// Missing, and only some things need it.
    Optional {
        /// What was found instead.
        found: String,
        /// What needs it.
        needed_for: &'static str,
        /// What to do about it.
        fix: String,
    },
}

impl Finding {
    /// What to do about it; nothing where all is well.
    #[must_use]
    pub fn fix(&self) -> Option<&str> {
        match self {
            Self::Good(_) => None,
            Self::Missing { fix, .. } | Self::Optional { fix, .. } => Some(fix),
        }
    }

    /// Whether something needed is missing.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }
}

/// A name, and what finds out about it.
type Check = (&'static str, fn(&Machine) -> Finding);

/// Every check by its name, in the order it is printed.
#[must_use]
pub fn examine(machine: &Machine) -> Vec<(&'static str, Finding)> {
    let mut findings: Vec<_> =
        tools::NEEDED.iter().map(|tool| (tool.name, tool.find(machine))).collect();
    findings.extend(services::CHECKS.map(|(name, check)| (name, check(machine))));
    findings.extend(resources::CHECKS.map(|(name, check)| (name, check(machine))));
    findings.extend(checkout::CHECKS.map(|(name, check)| (name, check(machine))));
    findings.extend(tools::OPTIONAL.iter().map(|tool| (tool.name, tool.find(machine))));
    findings
}

/// Prints every check of this machine; the exit code is 1 when something needed is missing.
#[must_use]
pub fn run() -> ExitCode {
    let findings = examine(&Machine::here());
    print!("{}", report(&findings));
    let missing = findings.iter().filter(|(_, finding)| finding.is_missing()).count();
    println!("\n{}", summary(missing));
    if missing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn summary(missing: usize) -> String {
    match missing {
        0 => "Everything needed is here. Next: make run".to_owned(),
        1 => "One thing needed is missing; its fix stands beside it.".to_owned(),
        count => format!("{count} things needed are missing; the fix stands beside each."),
    }
}

/// The check list as text, each gap with its fix below it.
#[must_use]
pub fn report(findings: &[(&'static str, Finding)]) -> String {
    findings.iter().map(|(name, finding)| text(name, finding)).collect()
}

fn text(name: &str, finding: &Finding) -> String {
    let line = match finding {
        Finding::Good(found) => format!("✓ {name:<14} {found}\n"),
        Finding::Missing { found, .. } => format!("✗ {name:<14} {found}\n"),
        Finding::Optional { found, needed_for, .. } => {
            format!("○ {name:<14} {found}; only needed for {needed_for}\n")
        }
    };
    line + &finding.fix().map(indented).unwrap_or_default()
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {:<14} → {line}\n", "")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_stands_with_its_fix() {
        let missing = Finding::Missing { found: "not found".into(), fix: "install it".into() };
        assert_eq!(
            text("make", &missing),
            "✗ make           not found\n                 → install it\n"
        );
        let optional = Finding::Optional {
            found: "not found".into(),
            needed_for: "tests",
            fix: "install it".into(),
        };
        assert!(
            text("Redis", &optional).starts_with("○ Redis          not found; only needed for")
        );
    }
}
