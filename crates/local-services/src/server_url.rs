//! The PostgreSQL of this process: the one it is told to use, or a private one.

use std::sync::{Mutex, PoisonError};

use crate::{Error, Postgres, Purpose, project_root};

/// `DATABASE_URL` when set and not empty; otherwise a private server for `purpose`, started or
/// attached to at the first call and let go when the process ends.
///
/// # Errors
/// See [`Error`].
pub fn server_url(purpose: Purpose) -> Result<String, Error> {
    // A static, as every test of a process shares one server; the guardian notices the exit.
    static HELD: Mutex<Vec<(Purpose, Postgres)>> = Mutex::new(Vec::new());
    if let Some(url) = std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty()) {
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
