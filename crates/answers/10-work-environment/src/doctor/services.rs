//! PostgreSQL and Redis: the programs, and the servers that settings name.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use foundation::backing::connect;
use local_services::{find_postgres_in, find_redis_in};
use secrecy::{ExposeSecret, SecretString};

use super::{Check, Finding, Machine};

/// How long a named Redis may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) const CHECKS: [Check; 4] = [
    ("PostgreSQL", postgres),
    ("DATABASE_URL", database_url),
    ("Redis", redis),
    ("REDIS_URL", redis_url),
];

fn postgres(machine: &Machine) -> Finding {
    match find_postgres_in(&machine.search()) {
        Ok(found) => Finding::Good(format!("{} in {}", found.version, found.bin.display())),
        Err(error) if machine.database_url.is_some() => Finding::Optional {
            found: "no server programs".to_owned(),
            needed_for: "a private database; DATABASE_URL names one",
            fix: error.to_string(),
        },
        Err(error) => {
            Finding::Missing { found: "no server programs".to_owned(), fix: error.to_string() }
        }
    }
}

fn database_url(machine: &Machine) -> Finding {
    let Some(url) = &machine.database_url else {
        return Finding::Good("not set: a private PostgreSQL is started when needed".to_owned());
    };
    match connect(url, Duration::ZERO) {
        Ok(_) => Finding::Good("answers".to_owned()),
        Err(error) => {
            Finding::Missing { found: "does not answer".to_owned(), fix: error.to_string() }
        }
    }
}

fn redis(machine: &Machine) -> Finding {
    match find_redis_in(&machine.search()) {
        Ok(found) => Finding::Good(format!("{} in {}", found.version, found.bin.display())),
        Err(error) => Finding::Optional {
            found: "no server program".to_owned(),
            needed_for: "limits and caches shared between servers, and the tests",
            fix: error.to_string(),
        },
    }
}

fn redis_url(machine: &Machine) -> Finding {
    match machine.redis_url.as_ref().map(accepts) {
        None => Finding::Good("not set: a private Redis is started where there is one".to_owned()),
        Some(true) => Finding::Good("accepts connections".to_owned()),
        Some(false) => Finding::Missing {
            found: "does not accept connections".to_owned(),
            fix: "Start that Redis (redis-cli -u \"$REDIS_URL\" ping should answer),\n\
                  or unset REDIS_URL to get a private one."
                .to_owned(),
        },
    }
}

/// Whether one of its nodes can be reached. Only the port is asked: the password is the server's
/// business, and it says so in its log.
fn accepts(url: &SecretString) -> bool {
    let url = url.expose_secret();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let hosts = rest.rsplit('@').next().unwrap_or_default().split('/').next().unwrap_or_default();
    hosts.split(',').any(|host| {
        let address = if host.contains(':') { host.to_owned() } else { format!("{host}:6379") };
        let addresses = address.to_socket_addrs().into_iter().flatten();
        addresses.into_iter().any(|one| TcpStream::connect_timeout(&one, PATIENCE).is_ok())
    })
}
