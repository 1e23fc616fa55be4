//! How to install what is missing, in the words of this system's package manager.

use crate::Search;

/// Something that `install_hint` can explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Package {
    /// The PostgreSQL server, with its contrib modules (`pg_stat_statements`).
    Postgres,
    /// Redis or Valkey.
    Redis,
}

/// Package manager, and the command for PostgreSQL and for Redis.
const COMMANDS: [(&str, &str, &str); 6] = [
    ("apt-get", "sudo apt-get install postgresql", "sudo apt-get install redis-server"),
    ("dnf", "sudo dnf install postgresql-server postgresql-contrib", "sudo dnf install valkey"),
    ("pacman", "sudo pacman -S postgresql", "sudo pacman -S valkey"),
    (
        "zypper",
        "sudo zypper install postgresql-server postgresql-contrib",
        "sudo zypper install redis",
    ),
    ("apk", "sudo apk add postgresql postgresql-contrib", "sudo apk add redis"),
    ("brew", "brew install postgresql@17", "brew install redis"),
];

/// One or two lines that say how to install a package on this system.
#[must_use]
pub fn install_hint(package: Package) -> String {
    install_hint_in(package, &Search::system())
}

pub(crate) fn install_hint_in(package: Package, search: &Search) -> String {
    let available = COMMANDS.iter().find(|(manager, ..)| search.in_path(manager).is_some());
    match (package, available) {
        (Package::Postgres, Some((_, command, _))) => {
            format!("Install it with `{command}` (or run scripts/setup.sh, which asks first).")
        }
        (Package::Redis, Some((_, _, command))) => {
            format!("Install it with `{command}` (or run scripts/setup.sh test, which asks first).")
        }
        (Package::Postgres, None) => format!(
            "Install PostgreSQL {} or newer with its server programs and contrib modules \
             (https://www.postgresql.org/download/) and put its bin folder on the PATH, \
             or set DATABASE_URL to a server of your own.",
            crate::MINIMUM_POSTGRES
        ),
        (Package::Redis, None) => "Install Redis (https://redis.io/docs/latest/operate/) or \
             Valkey (https://valkey.io/download/) and put its server on the PATH, \
             or set REDIS_URL to a server of your own."
            .to_owned(),
    }
}
