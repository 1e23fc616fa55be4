//! Finding the server programs: `PATH`, then `pg_config`, then the usual places.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Error;
use crate::install::{Package, install_hint_in};

/// The oldest major version of PostgreSQL that is used.
pub const MINIMUM_POSTGRES: u32 = 14;

/// Folders of server programs as (parent, start of the name, rest of the path).
const USUAL_POSTGRES: [(&str, &str, &str); 12] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/usr/lib64", "postgresql-", "bin"),
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ("/opt/local/lib", "postgresql", "bin"),
    ("/usr/local", "pgsql", "bin"),
    ("/usr", "bin", ""),
    ("/usr/local", "bin", ""),
];

const USUAL_REDIS: [&str; 6] = [
    "/usr/bin",
    "/usr/local/bin",
    "/usr/sbin",
    "/opt/homebrew/bin",
    "/home/linuxbrew/.linuxbrew/bin",
    "/opt/local/bin",
];

/// Where to look for programs. [`Search::system`] in earnest, [`Search::only`] in tests.
#[derive(Debug, Clone)]
pub struct Search {
    path: Vec<PathBuf>,
    usual_places: bool,
}

impl Search {
    /// `PATH` and the places where packages put server programs.
    #[must_use]
    pub fn system() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        Self { path: std::env::split_paths(&path).collect(), usual_places: true }
    }

    /// These folders and nothing else.
    #[must_use]
    pub fn only(folders: &[PathBuf]) -> Self {
        Self { path: folders.to_vec(), usual_places: false }
    }

    /// The first program of that name in the `PATH` part.
    pub(crate) fn in_path(&self, program: &str) -> Option<PathBuf> {
        self.path.iter().map(|folder| folder.join(program)).find(|file| is_program(file))
    }

    fn postgres_folders(&self) -> Vec<PathBuf> {
        // Resolved, because Debian and Homebrew link single programs into the PATH.
        let linked = self.path.iter().filter_map(|folder| {
            let program = folder.join("postgres").canonicalize().ok()?;
            program.parent().map(Path::to_path_buf)
        });
        let mut folders: Vec<PathBuf> = linked.collect();
        folders.extend(
            self.in_path("pg_config").and_then(|tool| ask(&tool, "--bindir")).map(PathBuf::from),
        );
        if self.usual_places {
            folders.extend(USUAL_POSTGRES.iter().flat_map(expand));
        }
        let mut seen = Vec::new();
        folders.retain(|folder| {
            let complete =
                is_program(&folder.join("postgres")) && is_program(&folder.join("initdb"));
            let new = complete && !seen.contains(folder);
            seen.extend(new.then(|| folder.clone()));
            new
        });
        folders
    }
}

/// Folders that match one pattern, the highest version number first.
fn expand((parent, start, rest): &(&str, &str, &str)) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().filter_map(Result::ok);
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            name.strip_prefix(start)?;
            let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
            Some((leading_number(digits).unwrap_or(0), entry.path().join(rest)))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, folder)| folder).collect()
}

/// Server programs of one version in one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The server program (`postgres`, `redis-server` or `valkey-server`).
    pub server: PathBuf,
    /// The folder it lies in; every program is taken from here, so versions never mix.
    pub bin: PathBuf,
    /// The full version, for example `15.18`.
    pub version: String,
    /// The number before the first dot.
    pub major: u32,
}

impl Installation {
    fn read(server: PathBuf, version_of: impl Fn(&str) -> Option<&str>) -> Option<Self> {
        let answer = ask(&server, "--version")?;
        let version = version_of(&answer)?.to_owned();
        let major = leading_number(&version)?;
        let bin = server.parent()?.to_path_buf();
        Some(Self { server, bin, version, major })
    }

    /// Whether the server can load this extension library.
    pub(crate) fn has_library(&self, name: &str) -> bool {
        let told = ask(self.bin.join("pg_config"), "--pkglibdir").map(PathBuf::from);
        let guessed = ["../lib", "../lib/postgresql", "../lib64/pgsql"];
        let folders = told.into_iter().chain(guessed.iter().map(|guess| self.bin.join(guess)));
        folders
            .flat_map(|folder| {
                ["so", "dylib"].map(|ending| folder.join(format!("{name}.{ending}")))
            })
            .any(|file| file.exists())
    }
}

/// Finds PostgreSQL's server programs on this machine: the first of `PATH`, `pg_config` and the
/// usual places that is at least [`MINIMUM_POSTGRES`].
///
/// # Errors
/// [`Error::PostgresMissing`] and [`Error::PostgresTooOld`], both with the install command.
pub fn find_postgres() -> Result<Installation, Error> {
    find_postgres_in(&Search::system())
}

/// [`find_postgres`] with a search path of the caller's.
///
/// # Errors
/// As [`find_postgres`].
pub fn find_postgres_in(search: &Search) -> Result<Installation, Error> {
    all_postgres(search).map(|mut found| found.remove(0))
}

/// Every usable version, the preferred one first; never empty.
pub(crate) fn all_postgres(search: &Search) -> Result<Vec<Installation>, Error> {
    let found = search
        .postgres_folders()
        .into_iter()
        .filter_map(|bin| Installation::read(bin.join("postgres"), postgres_version));
    let (usable, old): (Vec<_>, Vec<_>) = found.partition(|one| one.major >= MINIMUM_POSTGRES);
    if !usable.is_empty() {
        return Ok(usable);
    }
    let hint = install_hint_in(Package::Postgres, search);
    Err(match old.into_iter().max_by_key(|one| one.major) {
        Some(Installation { version, bin, .. }) => {
            Error::PostgresTooOld { found: version, bin, hint }
        }
        None => Error::PostgresMissing { hint },
    })
}

/// Finds `redis-server`, or `valkey-server`, its fork with the same protocol.
///
/// # Errors
/// [`Error::RedisMissing`] with the install command.
pub fn find_redis() -> Result<Installation, Error> {
    find_redis_in(&Search::system())
}

/// [`find_redis`] with a search path of the caller's.
///
/// # Errors
/// As [`find_redis`].
pub fn find_redis_in(search: &Search) -> Result<Installation, Error> {
    let usual: &[&str] = if search.usual_places { &USUAL_REDIS } else { &[] };
    let folders = search.path.iter().cloned().chain(usual.iter().map(PathBuf::from));
    folders
        .flat_map(|folder| ["redis-server", "valkey-server"].map(|name| folder.join(name)))
        .filter(|server| is_program(server))
        .find_map(|server| Installation::read(server, redis_version))
        .ok_or_else(|| Error::RedisMissing { hint: install_hint_in(Package::Redis, search) })
}

/// From `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn postgres_version(answer: &str) -> Option<&str> {
    answer.split_whitespace().nth(2)
}

/// From `Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 …`.
fn redis_version(answer: &str) -> Option<&str> {
    answer.split_whitespace().find_map(|word| word.strip_prefix("v="))
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

fn ask(program: impl AsRef<OsStr>, question: &str) -> Option<String> {
    let mut command = Command::new(program);
    command.arg(question).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{leading_number, postgres_version, redis_version};

    #[test]
    fn versions_are_read_from_what_the_servers_print() {
        let cases = [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", Some("15.18"), Some(15)),
            ("postgres (PostgreSQL) 18beta1", Some("18beta1"), Some(18)),
            ("postgres (PostgreSQL) 9.6.24", Some("9.6.24"), Some(9)),
            ("gibberish", None, None),
        ];
        for (answer, version, major) in cases {
            assert_eq!(postgres_version(answer), version, "{answer}");
            assert_eq!(postgres_version(answer).and_then(leading_number), major, "{answer}");
        }
        assert_eq!(redis_version("Redis server v=7.0.15 sha=00000000:0"), Some("7.0.15"));
        assert_eq!(redis_version("Valkey server v=8.1.0 sha=00000000:0"), Some("8.1.0"));
    }
}
