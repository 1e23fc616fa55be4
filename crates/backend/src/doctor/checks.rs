//! One function per thing that is checked.

use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::time::Duration;

use foundation::config::Config;
use local_services::{Package, find_postgres, find_redis, install_hint, project_root};
use secrecy::SecretString;

use super::Finding;
use foundation::backing::connect;

/// A full demo at the largest scale, its scratch database and a build.
const DISK_WANTED: u64 = 10_000_000_000;

type Check = fn() -> Finding;

/// Every check in the order it is printed.
pub(super) const ALL: [(&str, Check); 10] = [
    ("Rust", rust),
    ("C compiler", c_compiler),
    ("make", make),
    ("PostgreSQL", postgres),
    ("DATABASE_URL", database_url),
    ("free disk", disk),
    ("port", port),
    ("Redis", redis),
    ("cargo-deny", cargo_deny),
    ("Chromium", chromium),
];

/// The first line a program prints on success, on either stream.
fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let line = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().next().map(str::to_owned);
    let said = line(&output.stdout).or_else(|| line(&output.stderr)).unwrap_or_default();
    output.status.success().then_some(said)
}

fn missing(fix: &str) -> Finding {
    Finding::Missing { found: "not found".to_owned(), fix: fix.to_owned() }
}

fn rust() -> Finding {
    let wanted = wanted_toolchain();
    let Some(found) = first_line("rustc", &["--version"]) else {
        return missing("Install it from https://rustup.rs, then run this again.");
    };
    match wanted {
        Some(wanted) if !found.contains(&format!("rustc {wanted}")) => Finding::Missing {
            found: format!("{found}, where rust-toolchain.toml names {wanted}"),
            fix: format!("rustup toolchain install {wanted}"),
        },
        _ => Finding::Good(found),
    }
}

/// The channel that `rust-toolchain.toml` names, inside a checkout.
fn wanted_toolchain() -> Option<String> {
    let text = std::fs::read_to_string(project_root().ok()?.join("rust-toolchain.toml")).ok()?;
    let line = text.lines().find(|line| line.trim_start().starts_with("channel"))?;
    line.split('"').nth(1).map(str::to_owned)
}

fn c_compiler() -> Finding {
    let fix =
        "Debian and Ubuntu: sudo apt-get install build-essential\nmacOS: xcode-select --install";
    first_line("cc", &["--version"]).map_or_else(|| missing(fix), Finding::Good)
}

fn make() -> Finding {
    let fix = "Debian and Ubuntu: sudo apt-get install make\nmacOS: xcode-select --install";
    first_line("make", &["--version"]).map_or_else(|| missing(fix), Finding::Good)
}

fn postgres() -> Finding {
    match find_postgres() {
        Ok(found) => Finding::Good(format!("{} in {}", found.version, found.bin.display())),
        Err(error) if std::env::var_os("DATABASE_URL").is_some() => Finding::Optional {
            needed_for: "a private database; DATABASE_URL names one",
            fix: error.to_string(),
        },
        Err(error) => {
            Finding::Missing { found: "no server programs".to_owned(), fix: error.to_string() }
        }
    }
}

fn database_url() -> Finding {
    let Ok(url) = std::env::var("DATABASE_URL") else {
        return Finding::Good("not set: a private PostgreSQL is started when needed".to_owned());
    };
    match connect(&SecretString::from(url), Duration::ZERO) {
        Ok(_) => Finding::Good("answers".to_owned()),
        Err(error) => {
            Finding::Missing { found: "does not answer".to_owned(), fix: error.to_string() }
        }
    }
}

fn disk() -> Finding {
    let Some(free) = free_disk() else {
        return Finding::Good("unknown; `df` does not tell".to_owned());
    };
    let found = evidence::Quantity::bytes(free).to_string();
    if free >= DISK_WANTED {
        return Finding::Good(found);
    }
    let wanted = evidence::Quantity::bytes(DISK_WANTED);
    let fix = format!("Free some: a build and the largest demos want {wanted}.");
    Finding::Missing { found: format!("{found} only"), fix }
}

/// `df` instead of a system call: the standard library has none, and POSIX fixes this output.
fn free_disk() -> Option<u64> {
    let root = project_root().ok()?;
    let output = Command::new("df").args(["-Pk"]).arg(root).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let kibibytes: u64 = text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kibibytes * 1024)
}

fn port() -> Finding {
    let range = Config::DEFAULT_PORTS;
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    match range.clone().find(is_free) {
        Some(port) if port == range.start => Finding::Good(format!("{port} is free")),
        Some(port) => Finding::Good(format!("{} is in use, {port} is taken instead", range.start)),
        None => Finding::Missing {
            found: format!("{} to {} are all in use", range.start, range.end - 1),
            fix: "Choose one: make run LISTEN=127.0.0.1:9000".to_owned(),
        },
    }
}

fn redis() -> Finding {
    match find_redis() {
        Ok(found) => Finding::Good(format!("{} in {}", found.version, found.bin.display())),
        Err(_) => Finding::Optional {
            needed_for: "limits and caches shared between servers",
            fix: install_hint(Package::Redis),
        },
    }
}

fn cargo_deny() -> Finding {
    first_line("cargo-deny", &["--version"]).map_or_else(
        || Finding::Optional {
            needed_for: "`make lint`",
            fix: "cargo install --locked cargo-deny".to_owned(),
        },
        Finding::Good,
    )
}

fn chromium() -> Finding {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    names.iter().find_map(|name| first_line(name, &["--version"])).map_or_else(
        || Finding::Optional {
            needed_for: "the browser tests",
            fix: "Install Chromium or Chrome with your package manager.".to_owned(),
        },
        Finding::Good,
    )
}
