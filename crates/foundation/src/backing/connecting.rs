//! The way to a database that was named: bounded, patient where that helps, and told without secrets.

use std::thread::sleep;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use local_services::MINIMUM_POSTGRES;
use secrecy::{ExposeSecret, SecretString};

use super::BackingError;
use crate::database::{PATIENTLY, bounded, is_url};

/// Where a database is named, unless it is behind a pooler.
pub(super) const DATABASE_URL: &str = "DATABASE_URL";

/// Connects to the database of `DATABASE_URL`, trying again until `patience` is over; at once when
/// waiting does not help, such as with a wrong password.
///
/// # Errors
/// [`BackingError::Unreachable`] or [`BackingError::Url`].
pub fn connect(url: &SecretString, patience: Duration) -> Result<PgConnection, BackingError> {
    connect_to(url, DATABASE_URL, patience)
}

pub(super) fn connect_to(
    url: &SecretString,
    variable: &'static str,
    patience: Duration,
) -> Result<PgConnection, BackingError> {
    if !is_url(url.expose_secret()) {
        return Err(BackingError::Url(variable));
    }
    let (url, end) = (bounded(url.expose_secret(), PATIENTLY), Instant::now() + patience);
    let mut said = false;
    loop {
        let reason = match PgConnection::establish(&url) {
            Ok(connection) => return Ok(connection),
            Err(error) => told(&error).ok_or(BackingError::Url(variable))?,
        };
        if Instant::now() >= end || is_final(&reason) {
            return Err(BackingError::Unreachable { variable, reason });
        }
        if !said {
            tracing::info!(reason, seconds = patience.as_secs(), "waiting for the database");
            said = true;
        }
        sleep(Duration::from_millis(500));
    }
}

/// What may be shown of a failure. A message about the URL itself quotes parts of it, which may
/// be the password; one about the connection names host, port, role and database only.
fn told(error: &ConnectionError) -> Option<String> {
    let ConnectionError::BadConnection(message) = error else { return None };
    let about_connection = ["connection to server", "could not translate host name"];
    let is_told = about_connection.iter().any(|start| message.contains(start));
    is_told.then(|| message.lines().next().unwrap_or_default().trim().to_owned())
}

/// Whether a server that is up has said no, for a reason that does not pass by itself.
fn is_final(reason: &str) -> bool {
    let passing = ["starting up", "shutting down", "recovery", "too many", "connection slots"];
    reason.contains("FATAL:") && !passing.iter().any(|words| reason.contains(words))
}

/// From `15.18 (Debian 15.18-0+deb12u1)`, of which distributions append the latter part.
pub(super) fn new_enough(version: &str) -> Result<String, BackingError> {
    let version = version.split(' ').next().unwrap_or_default().to_owned();
    let end = version.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(version.len());
    match version[..end].parse::<u32>() {
        Ok(major) if major >= MINIMUM_POSTGRES => Ok(version),
        _ => Err(BackingError::TooOld(version)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_does_not_answer_is_named_without_its_password() {
        let cases = [
            "postgres://app:hunter2@127.0.0.1:1/shop",
            "postgres://app:hunter2@no-such-host.invalid/shop",
            "postgres://app:hun%zzter2@127.0.0.1/shop",
            "postgres://app:hunter2@127.0.0.1:hunter2/shop",
            "hunter2",
            "host=127.0.0.1 port=1 password=hunter2",
        ];
        for url in cases {
            let error =
                connect(&SecretString::from(url), Duration::ZERO).err().unwrap().to_string();
            assert!(!error.contains("hunter2") && !error.contains("ter2"), "{url}: {error}");
            assert!(error.contains("DATABASE_URL"), "{url}: {error}");
            assert!(error.contains("unset"), "says what to do next: {error}");
        }
    }

    #[test]
    fn a_server_that_accepts_and_says_nothing_is_not_waited_for_without_end() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("postgres://app:hunter2@{}/shop", silent.local_addr().unwrap());
        let error = connect(&SecretString::from(url), Duration::ZERO).err().unwrap().to_string();
        assert!(error.contains("timeout expired") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn only_what_may_pass_by_itself_is_waited_for() {
        for passing in [
            "connection to server at \"db\" failed: Connection refused",
            "connection to server failed: FATAL:  the database system is starting up",
            "connection to server failed: FATAL:  sorry, too many clients already",
        ] {
            assert!(!is_final(passing), "{passing}");
        }
        for lasting in [
            "connection to server failed: FATAL:  password authentication failed for user \"app\"",
            "connection to server failed: FATAL:  database \"shop\" does not exist",
        ] {
            assert!(is_final(lasting), "{lasting}");
        }
    }

    #[test]
    fn a_server_that_is_too_old_is_refused_with_the_version_that_is_needed() {
        for version in ["15.18 (Debian 15.18-0+deb12u1)", "14.0", "18beta1"] {
            assert!(new_enough(version).is_ok(), "{version}");
        }
        for version in ["13.21", "9.6.24", "unknown", ""] {
            let error = new_enough(version).unwrap_err().to_string();
            assert!(error.contains("14 or newer") && error.contains("Upgrade"), "{error}");
        }
    }
}
