//! The doctor examines this machine, and one on which everything that can be wrong is wrong.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use evidence::{Failure, Outcome, Quantity, Stage};

use crate::desk::Desk;
use crate::doctor::{Finding, Machine, Readings, examine, report};

pub(super) fn perform(stage: &Stage, here: &Machine) -> Outcome {
    stage.step("Examine this machine, then one with gaps");
    let findings = examine(here);
    stage.code("this machine", report(&findings));
    let gaps = findings.iter().filter(|(_, finding)| finding.fix().is_some()).count();
    stage.measure(
        "doctor-checks",
        "things the doctor checks",
        Quantity::count(findings.len() as u64),
    );
    stage.measure("doctor-gaps", "gaps of this machine", Quantity::count(gaps as u64));
    let folder = tempfile::tempdir()?;
    let sick = Sick::make(stage, folder.path(), here)?;
    let found = examine(&sick.machine);
    stage.code("a machine with gaps", report(&found));
    check_gaps(stage, &found);
    check_health(stage, sick);
    Ok(())
}

/// A machine with gaps, and what holds its only port.
struct Sick {
    machine: Machine,
    listener: TcpListener,
}

impl Sick {
    /// An old compiler and nothing else on the path, little of everything, a clock of 1970, and
    /// servers named that are not there.
    fn make(stage: &Stage, folder: &Path, here: &Machine) -> Result<Self, Failure> {
        fake(stage, folder, "rustc", "rustc 1.0.0 (a59de37e9 2015-05-13)")?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let machine = Machine {
            path: vec![folder.to_path_buf()],
            usual_places: false,
            root: Some(root(here, folder)?),
            database_url: Some("postgres://nobody@127.0.0.1:1/none".to_owned().into()),
            redis_url: Some("redis://127.0.0.1:1".to_owned().into()),
            ports: port..port.saturating_add(1),
            readings: Readings {
                free_disk: Some(1_000_000),
                memory: Some(1_000_000),
                open_files: Some(256),
                now: std::time::UNIX_EPOCH,
                newest_commit: Some(std::time::UNIX_EPOCH + Duration::from_hours(1)),
            },
        };
        Ok(Self { machine, listener })
    }
}

/// The project, for the compiler it names; outside a checkout a folder that names one.
fn root(here: &Machine, folder: &Path) -> Result<PathBuf, Failure> {
    if let Some(root) = &here.root {
        return Ok(root.clone());
    }
    std::fs::write(folder.join("rust-toolchain.toml"), "channel = \"1.95.0\"\n")?;
    Ok(folder.to_path_buf())
}

/// A program that prints a line and does nothing else.
fn fake(stage: &Stage, folder: &Path, name: &str, says: &str) -> Outcome {
    let mut desk = Desk::new(folder.to_path_buf(), stage.interrupt());
    let write = format!("printf '#!/bin/sh\\necho \"{says}\"\\n' > {name} && chmod +x {name}");
    desk.run(&["sh", "-c", &write])?.expected()?;
    Ok(())
}

fn check_gaps(stage: &Stage, found: &[(&'static str, Finding)]) {
    let unseen: Vec<&str> = found
        .iter()
        .filter(|(_, finding)| finding.fix().is_none())
        .map(|(name, _)| *name)
        .collect();
    stage.check(
        "the-doctor-finds-every-gap",
        format!("{} of {} gaps are found{}", found.len() - unseen.len(), found.len(), but(&unseen)),
        unseen.is_empty(),
    );
    let fixed = found.iter().filter_map(|(_, finding)| finding.fix());
    let fixes = fixed.filter(|fix| !fix.trim().is_empty()).count();
    stage.check(
        "each-gap-has-its-fix",
        format!("{fixes} of {} gaps stand with what to do about them", found.len()),
        fixes == found.len(),
    );
    let old = found.iter().any(|(name, finding)| {
        *name == "Rust" && matches!(finding, Finding::Missing { fix, .. } if fix.contains("rustup"))
    });
    stage.check("an-old-compiler-is-told", "a compiler that is there and too old is a gap", old);
}

fn but(unseen: &[&str]) -> String {
    if unseen.is_empty() { String::new() } else { format!("; not {}", unseen.join(", ")) }
}

/// The negative control: the same machine, healed where readings and settings are concerned.
fn check_health(stage: &Stage, sick: Sick) {
    let port = sick.machine.ports.clone();
    let mut machine = sick.machine;
    drop(sick.listener);
    machine.ports = port.start..port.start.saturating_add(64);
    (machine.database_url, machine.redis_url) = (None, None);
    let plenty = Some(1 << 40);
    machine.readings = Readings {
        free_disk: plenty,
        memory: plenty,
        open_files: plenty,
        now: std::time::UNIX_EPOCH + Duration::from_hours(2),
        ..machine.readings
    };
    let healed =
        ["DATABASE_URL", "REDIS_URL", "free disk", "memory", "open files", "port", "clock"];
    let findings = examine(&machine);
    let still: Vec<&str> = findings
        .iter()
        .filter(|(name, finding)| healed.contains(name) && finding.fix().is_some())
        .map(|(name, _)| *name)
        .collect();
    stage.check(
        "the-doctor-is-content-where-all-is-well",
        format!("of {} gaps that were closed {} are still told", healed.len(), still.len()),
        still.is_empty(),
    );
}
