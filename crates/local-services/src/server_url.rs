//! The servers of this process: the ones it is told to use, or private ones.

use std::sync::{Mutex, PoisonError};

use crate::{Error, Postgres, Purpose, Redis, project_root};

/// `DATABASE_URL` when set and not empty; otherwise a private server for `purpose`, started or
/// attached to at the first call and let go when the process ends.
///
/// # Errors
/// See [`Error`].
pub fn server_url(purpose: Purpose) -> Result<String, Error> {
    // A static, as every test of a process shares one server; the guardian notices the exit.
    static HELD: Mutex<Vec<(Purpose, Postgres)>> = Mutex::new(Vec::new());
    if let Some(url) = named("DATABASE_URL") {
        return Ok(url);
    }
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, server)) = held.iter().find(|(running, _)| *running == purpose) {
        return Ok(server.url().to_owned());
    }
    let server = Postgres::acquire(&project_root()?, purpose)?;
    let url = server.url().to_owned();
    held.push((purpose, server));
    Ok(url)
}

/// `REDIS_URL` when set and not empty; otherwise a private server for `purpose`, as
/// [`server_url`]; `None` where neither Redis nor Valkey is installed.
///
/// # Errors
/// See [`Error`].
pub fn redis_url(purpose: Purpose) -> Result<Option<String>, Error> {
    static HELD: Mutex<Vec<(Purpose, Redis)>> = Mutex::new(Vec::new());
    if let Some(url) = named("REDIS_URL") {
        return Ok(Some(url));
    }
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, server)) = held.iter().find(|(running, _)| *running == purpose) {
        return Ok(Some(server.url().to_owned()));
    }
    let server = match Redis::acquire(&project_root()?, purpose) {
        Ok(server) => server,
        Err(Error::RedisMissing { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let url = server.url().to_owned();
    held.push((purpose, server));
    Ok(Some(url))
}

fn named(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|url| !url.is_empty())
}
