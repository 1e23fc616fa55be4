//! Checks this machine: what is there, what is missing, and how to get it.

mod checks;

use std::process::ExitCode;

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
        /// What needs it.
        needed_for: &'static str,
        /// What to do about it.
        fix: String,
    },
}

/// Prints every check; the exit code is 1 when something needed is missing.
#[must_use]
pub fn run() -> ExitCode {
    let mut missing = 0;
    for (name, check) in checks::ALL {
        let finding = check();
        print!("{}", text(name, &finding));
        missing += u32::from(matches!(finding, Finding::Missing { .. }));
    }
    match missing {
        0 => {
            println!("\nEverything needed is here. Next: make run");
            ExitCode::SUCCESS
        }
        1 => {
            println!("\nOne thing needed is missing; its fix stands beside it.");
            ExitCode::FAILURE
        }
        count => {
            println!("\n{count} things needed are missing; the fix stands beside each.");
            ExitCode::FAILURE
        }
    }
}

fn text(name: &str, finding: &Finding) -> String {
    match finding {
        Finding::Good(found) => format!("✓ {name:<14} {found}\n"),
        Finding::Missing { found, fix } => format!("✗ {name:<14} {found}\n{}", indented(fix)),
        Finding::Optional { needed_for, fix } => {
            format!("○ {name:<14} not found; only needed for {needed_for}\n{}", indented(fix))
        }
    }
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
        let optional = Finding::Optional { needed_for: "tests", fix: "install it".into() };
        assert!(text("Redis", &optional).starts_with("○ Redis"));
    }
}
