//! What the machine has to give: disk, memory, ports, open files, a clock that is right.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use evidence::Quantity;

use super::{Check, Finding, Machine};

/// A full demo at the largest scale, its scratch database and a build.
const DISK_WANTED: u64 = 10_000_000_000;
/// Linking the backend beside the two compilers that two cores run.
const MEMORY_WANTED: u64 = 2_000_000_000;
/// As many as the tests of slow clients hold at once, with a server in the same process.
const OPEN_FILES_WANTED: u64 = 4_096;
/// Clocks of two machines that are right differ by less.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(300);

pub(super) const CHECKS: [Check; 5] = [
    ("free disk", disk),
    ("memory", memory),
    ("open files", open_files),
    ("port", port),
    ("clock", clock),
];

fn disk(machine: &Machine) -> Finding {
    let Some(free) = machine.readings.free_disk else {
        return Finding::Good("unknown; `df` does not tell".to_owned());
    };
    let fix = "Free some: a build and the largest demos want";
    at_least(free, DISK_WANTED, fix)
}

fn memory(machine: &Machine) -> Finding {
    let Some(memory) = machine.readings.memory else {
        return Finding::Good("unknown; the system does not tell".to_owned());
    };
    let fix = "Give the machine or container more, or build with CARGO_BUILD_JOBS=1: linking wants";
    at_least(memory, MEMORY_WANTED, fix)
}

fn at_least(found: u64, wanted: u64, fix: &str) -> Finding {
    let [has, wants] = [found, wanted].map(|bytes| Quantity::bytes(bytes).to_string());
    if found >= wanted {
        return Finding::Good(has);
    }
    Finding::Missing { found: format!("{has} only"), fix: format!("{fix} {wants}.") }
}

/// The hard limit: the server asks for as many as it may have, so the soft one does not matter.
fn open_files(machine: &Machine) -> Finding {
    match machine.readings.open_files {
        None => Finding::Good("no limit".to_owned()),
        Some(most) if most >= OPEN_FILES_WANTED => Finding::Good(format!("up to {most}")),
        Some(most) => Finding::Missing {
            found: format!("at most {most}"),
            fix: format!(
                "Raise the hard limit to {OPEN_FILES_WANTED} or more: ulimit -Hn, \
                 /etc/security/limits.conf, or LimitNOFILE of the service."
            ),
        },
    }
}

fn port(machine: &Machine) -> Finding {
    let range = machine.ports.clone();
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    match range.clone().find(is_free) {
        Some(port) if port == range.start => Finding::Good(format!("{port} is free")),
        Some(port) => Finding::Good(format!("{} is in use, {port} is taken instead", range.start)),
        None => Finding::Missing {
            found: format!("{} to {} are all in use", range.start, range.end.saturating_sub(1)),
            fix: "Choose one: make run LISTEN=127.0.0.1:9000".to_owned(),
        },
    }
}

/// Tokens, certificates and idempotency keys end by the clock. Without a network the newest commit
/// is the one witness of what time it is at least.
fn clock(machine: &Machine) -> Finding {
    let Some(commit) = machine.readings.newest_commit else {
        return Finding::Good("nothing to compare it with outside a checkout".to_owned());
    };
    match commit.duration_since(machine.readings.now) {
        Ok(behind) if behind > CLOCK_TOLERANCE => Finding::Missing {
            found: format!("at least {} s behind the newest commit", behind.as_secs()),
            fix: "Linux: sudo timedatectl set-ntp true\nmacOS: sudo sntp -sS time.apple.com"
                .to_owned(),
        },
        _ => Finding::Good("not before the newest commit".to_owned()),
    }
}
