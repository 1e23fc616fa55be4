//! The stamp that says where and when numbers were measured.

use std::process::Command;

use chrono::{SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::workspace;

/// Where a run took place. A number without this is a rumour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// UTC time at which the run began, RFC 3339.
    pub at: String,
    /// CPU model.
    pub cpu: String,
    /// Logical cores that the process may use.
    pub cores: u32,
    /// Physical memory in bytes.
    pub memory_bytes: u64,
    /// Operating system and version.
    pub os: String,
    /// PostgreSQL version; empty where none was used.
    pub postgres: String,
    /// Version of the compiler that built the program.
    pub rustc: String,
    /// Commit of the work tree the program runs in, with `+` where the tree had changes other than
    /// recordings and prose; empty outside a work tree of this project.
    pub commit: String,
    /// `release` or `debug`.
    pub profile: String,
}

impl Machine {
    /// Describes this machine, at this moment. What cannot be found out is `unknown` or 0; it
    /// never fails, as a missing detail is no reason not to run.
    #[must_use]
    pub fn here() -> Self {
        let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
        Self {
            at: Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true),
            cpu: cpu().unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: u32::try_from(cores).unwrap_or(u32::MAX),
            memory_bytes: memory_bytes().unwrap_or(0),
            os: os().unwrap_or_else(|| std::env::consts::OS.to_owned()),
            postgres: String::new(),
            rustc: env!("EVIDENCE_RUSTC").to_owned(),
            commit: commit().unwrap_or_default(),
            profile: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
        }
    }

    /// The stamp as one line: date, CPU, cores, memory, system, PostgreSQL, compiler, commit.
    #[must_use]
    pub fn line(&self) -> String {
        let day = self.at.get(..10).unwrap_or(&self.at);
        let memory = crate::Quantity::bytes(self.memory_bytes);
        let mut parts = vec![
            day.to_owned(),
            self.cpu.clone(),
            format!("{} {}", self.cores, if self.cores == 1 { "core" } else { "cores" }),
            format!("{memory} memory"),
            self.os.clone(),
        ];
        if !self.postgres.is_empty() {
            parts.push(format!("PostgreSQL {}", self.postgres));
        }
        parts.push(format!("rustc {} ({})", self.rustc, self.profile));
        if !self.commit.is_empty() {
            parts.push(format!("commit {}", self.commit));
        }
        parts.join(" · ")
    }
}

fn cpu() -> Option<String> {
    if let Ok(text) = std::fs::read_to_string("/proc/cpuinfo") {
        return field(&text, "model name", ':');
    }
    printed_by("sysctl", &["-n", "machdep.cpu.brand_string"])
}

fn memory_bytes() -> Option<u64> {
    if let Ok(text) = std::fs::read_to_string("/proc/meminfo") {
        let kibibytes = field(&text, "MemTotal", ':')?;
        return kibibytes.split_whitespace().next()?.parse::<u64>().ok().map(|size| size * 1024);
    }
    printed_by("sysctl", &["-n", "hw.memsize"])?.parse().ok()
}

fn os() -> Option<String> {
    if let Ok(text) = std::fs::read_to_string("/etc/os-release") {
        return field(&text, "PRETTY_NAME", '=').map(|name| name.trim_matches('"').to_owned());
    }
    let version = printed_by("sw_vers", &["-productVersion"])?;
    Some(format!("macOS {version}"))
}

/// The value after `separator` on the first line that begins with `name`.
fn field(text: &str, name: &str, separator: char) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    let (_, value) = line.split_once(separator)?;
    Some(value.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn commit() -> Option<String> {
    // Only inside this project: the commit of whatever else the reader stands in would mislead.
    let root = workspace::root()?;
    let root = root.to_str()?;
    let commit = printed_by("git", &["-C", root, "rev-parse", "--short", "HEAD"])?;
    // A recording rewrites READMEs and pictures; that must not taint the stamp of the next one.
    let changes = printed_by(
        "git",
        &["-C", root, "status", "--porcelain", "--", ".", ":!*.md", ":!*/recorded/*"],
    );
    Some(if changes.is_some() { commit + "+" } else { commit })
}

/// What a command prints on success, trimmed; `None` when it fails or prints nothing.
fn printed_by(command: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(command).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamp_names_cores_memory_and_compiler() {
        let machine = Machine::here();
        assert!(machine.cores >= 1);
        assert!(machine.memory_bytes > 100_000_000);
        assert!(machine.rustc.starts_with("1."), "{}", machine.rustc);
        assert_eq!(machine.profile, "debug");
        assert!(machine.at.ends_with('Z'));
    }

    #[test]
    fn a_field_is_read_from_the_line_that_bears_its_name() {
        let text = "processor\t: 0\nmodel name\t: Some  CPU @ 2 GHz\nmodel name\t: other\n";
        assert_eq!(field(text, "model name", ':').as_deref(), Some("Some CPU @ 2 GHz"));
        assert_eq!(field(text, "flags", ':'), None);
    }

    #[test]
    fn postgres_is_named_only_where_it_was_used() {
        let mut machine = Machine::here();
        assert!(!machine.line().contains("PostgreSQL"));
        "17.6".clone_into(&mut machine.postgres);
        assert!(machine.line().contains("PostgreSQL 17.6"));
    }
}
