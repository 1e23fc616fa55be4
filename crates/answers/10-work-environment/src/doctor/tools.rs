//! Programs, each with how to get it.

use super::{Finding, Machine};

/// A program that is looked for and asked for its version.
pub(super) struct Tool {
    pub(super) name: &'static str,
    /// Names it may go by; the first that answers counts.
    programs: &'static [&'static str],
    /// What it is needed for, where not for everything.
    needed_for: Option<&'static str>,
    fix: &'static str,
}

pub(super) const NEEDED: [Tool; 3] = [
    Tool {
        name: "Rust",
        programs: &["rustc"],
        needed_for: None,
        fix: "Install it from https://rustup.rs, then run this again.",
    },
    Tool {
        name: "C compiler",
        programs: &["cc", "gcc", "clang"],
        needed_for: None,
        fix: "Debian and Ubuntu: sudo apt-get install build-essential\nmacOS: xcode-select --install",
    },
    Tool {
        name: "make",
        programs: &["make", "gmake"],
        needed_for: None,
        fix: "Debian and Ubuntu: sudo apt-get install make\nmacOS: xcode-select --install",
    },
];

pub(super) const OPTIONAL: [Tool; 6] = [
    Tool {
        name: "git",
        programs: &["git"],
        needed_for: Some("the demo of answer 10, and the commit in the stamp of a run"),
        fix: "Debian and Ubuntu: sudo apt-get install git\nmacOS: xcode-select --install",
    },
    Tool {
        name: "cargo-deny",
        programs: &["cargo-deny"],
        needed_for: Some("`make lint`, which builds it by itself"),
        fix: "scripts/setup.sh lint",
    },
    Tool {
        name: "cargo-audit",
        programs: &["cargo-audit"],
        needed_for: Some("`make audit`, which builds it by itself"),
        fix: "scripts/setup.sh audit",
    },
    Tool {
        name: "wrk",
        programs: &["wrk"],
        needed_for: Some("`make bench`"),
        fix: "scripts/setup.sh bench",
    },
    Tool {
        name: "Python",
        programs: &["python3"],
        needed_for: Some("`make fuzz`, `make deploy-check`, and axe-core for the browser tests"),
        fix: "scripts/setup.sh fuzz",
    },
    Tool {
        name: "Chromium",
        programs: &["chromium", "chromium-browser", "google-chrome"],
        needed_for: Some("the browser tests"),
        fix: "Install Chromium or Chrome with your package manager.",
    },
];

impl Tool {
    pub(super) fn find(&self, machine: &Machine) -> Finding {
        let version = |program: &&str| {
            let said = machine.said_by(program, &["--version"])?;
            Some(said.lines().next().unwrap_or_default().to_owned())
        };
        match (self.programs.iter().find_map(version), self.needed_for) {
            (Some(found), _) if self.name == "Rust" => of_the_toolchain(machine, found),
            (Some(found), _) => Finding::Good(found),
            (None, None) => {
                Finding::Missing { found: "not found".to_owned(), fix: self.fix.to_owned() }
            }
            (None, Some(needed_for)) => Finding::Optional {
                found: "not found".to_owned(),
                needed_for,
                fix: self.fix.to_owned(),
            },
        }
    }
}

fn of_the_toolchain(machine: &Machine, found: String) -> Finding {
    match wanted_toolchain(machine) {
        Some(wanted) if !found.contains(&format!("rustc {wanted}")) => Finding::Missing {
            found: format!("{found}, where rust-toolchain.toml names {wanted}"),
            fix: format!("rustup toolchain install {wanted}"),
        },
        _ => Finding::Good(found),
    }
}

/// The channel that `rust-toolchain.toml` names, inside a checkout.
fn wanted_toolchain(machine: &Machine) -> Option<String> {
    let file = machine.root.as_ref()?.join("rust-toolchain.toml");
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.trim_start().starts_with("channel"))?;
    line.split('"').nth(1).map(str::to_owned)
}
