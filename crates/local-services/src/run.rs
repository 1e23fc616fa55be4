//! `local-services run`: the services live as long as the command.

use std::env;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use local_services::{Postgres, Purpose, Redis, Signal, project_root, send_signal};

use crate::Outcome;

/// Values of the shared process id before there is a process.
const NOT_STARTED: u32 = 0;
const CANCELLED: u32 = u32::MAX;

/// What a shell reports for a program ended by Ctrl-C.
const INTERRUPTED: u8 = 130;

pub(crate) fn run(purpose: Purpose, with_redis: bool, command: &[OsString]) -> Outcome {
    let Some((program, arguments)) = command.split_first() else { return Ok(ExitCode::FAILURE) };
    let child_id = Arc::new(AtomicU32::new(NOT_STARTED));
    forward_signals(Arc::clone(&child_id))?;

    let root = project_root()?;
    std::fs::create_dir_all(&root)?;
    let postgres = if_unset("DATABASE_URL", || Postgres::acquire(&root, purpose))?;
    let redis = match with_redis {
        true => if_unset("REDIS_URL", || Redis::acquire(&root, purpose))?,
        false => None,
    };
    let mut child = Command::new(program);
    child.args(arguments);
    if let Some(postgres) = &postgres {
        child.env("DATABASE_URL", postgres.url()).envs(postgres.environment());
        child.env("PATH", with_folder(postgres.bin_dir().to_path_buf())?);
    }
    if let Some(redis) = &redis {
        child.env("REDIS_URL", redis.url());
    }
    if child_id.load(Ordering::SeqCst) == CANCELLED {
        return Ok(ExitCode::from(INTERRUPTED));
    }
    let mut child = match child.spawn() {
        Ok(child) => child,
        Err(e) => {
            eprintln!("local-services: cannot run {}: {e}", program.display());
            return Ok(ExitCode::from(127));
        }
    };
    if child_id.swap(child.id(), Ordering::SeqCst) == CANCELLED {
        send_signal(child.id(), Signal::Terminate)?;
    }
    Ok(exit_code(child.wait()?))
}

/// Ctrl-C reaches the command through the terminal, and it decides what to do (psql cancels a
/// query). Without a terminal a signal came to us alone and is passed on. Either way the
/// services stop only after the command has ended.
fn forward_signals(child_id: Arc<AtomicU32>) -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(move || {
        let waiting =
            child_id.compare_exchange(NOT_STARTED, CANCELLED, Ordering::SeqCst, Ordering::SeqCst);
        if let Err(pid) = waiting
            && pid != CANCELLED
            && !std::io::stdin().is_terminal()
        {
            let _ = send_signal(pid, Signal::Terminate);
        }
    })
}

fn if_unset<T, E>(variable: &str, acquire: impl FnOnce() -> Result<T, E>) -> Result<Option<T>, E> {
    match env::var_os(variable) {
        Some(value) if !value.is_empty() => Ok(None),
        _ => acquire().map(Some),
    }
}

/// The PATH with the server's own programs first, so that `psql` has the server's version.
/// Unchanged when they are on it already: `/usr/bin` moved forward would hide other programs.
fn with_folder(folder: PathBuf) -> Result<OsString, env::JoinPathsError> {
    let path = env::var_os("PATH").unwrap_or_default();
    if env::split_paths(&path).any(|listed| listed == folder) {
        return Ok(path);
    }
    env::join_paths(std::iter::once(folder).chain(env::split_paths(&path)))
}

/// The command's exit code, or 128 + signal as shells report it.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
