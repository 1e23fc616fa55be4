//! The habits that a checkout brings along (docs/habits).

use super::{Check, Finding, Machine};

pub(super) const CHECKS: [Check; 2] = [("git hook", hook), ("crates", crates)];

/// What the hook that `make hooks` writes runs; by this it is told from somebody else's.
const HOOK: &str = "scripts/pre-commit";

fn hook(machine: &Machine) -> Finding {
    let Some(root) = &machine.root else {
        return Finding::Good("not in a checkout".to_owned());
    };
    let path = machine.said_by("git", &["rev-parse", "--git-path", "hooks/pre-commit"]);
    let installed = path.and_then(|path| std::fs::read_to_string(root.join(path)).ok());
    match installed {
        Some(text) if text.contains(HOOK) => Finding::Good("runs before each commit".to_owned()),
        other => Finding::Optional {
            found: if other.is_some() { "another one" } else { "not installed" }.to_owned(),
            needed_for: "those who commit here (docs/habits/pre-commit.md)",
            fix: "make hooks".to_owned(),
        },
    }
}

/// Whether a build needs the network.
fn crates(machine: &Machine) -> Finding {
    if machine.root.is_none() {
        return Finding::Good("not in a checkout".to_owned());
    }
    let offline = ["metadata", "--offline", "--locked", "--format-version", "1", "--quiet"];
    if machine.said_by("cargo", &offline).is_some() {
        return Finding::Good("all here: a build needs no network".to_owned());
    }
    Finding::Optional {
        found: "not all here".to_owned(),
        needed_for: "a build without a network",
        fix: "cargo fetch --locked".to_owned(),
    }
}
