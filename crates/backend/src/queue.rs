//! What a person may do with the queue of background jobs.

use std::error::Error;

use background_jobs::{DeadLetter, Depth, JobId, Replay};
use clap::{Args, Subcommand};
use diesel::PgConnection;
use foundation::backing::Backing;
use foundation::config::SessionUrl;

/// Dead letters that one call shows or replays at the most.
const MOST: i64 = 1_000;

#[derive(Args, Debug)]
pub(crate) struct QueueArgs {
    #[command(subcommand)]
    task: Option<QueueTask>,
    #[command(flatten)]
    database: SessionUrl,
}

#[derive(Debug, Subcommand)]
enum QueueTask {
    /// List the jobs that were given up, the last one first
    Dead {
        /// How many
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=MOST))]
        limit: i64,
    },
    /// Make dead letters due again, with all their attempts ahead
    Replay {
        /// Which one
        #[arg(required_unless_present = "kind")]
        id: Option<i64>,
        /// The oldest thousand of this kind instead, for when a partner is back
        #[arg(long, conflicts_with = "id", value_name = "KIND")]
        kind: Option<String>,
    },
    /// Delete a dead letter that nobody wants done any more
    Discard {
        /// Which one
        id: i64,
    },
}

/// Does what was asked; by itself it tells how many jobs there are.
pub(crate) fn run(arguments: &QueueArgs) -> Result<(), Box<dyn Error>> {
    let backing = Backing::find(arguments.database.url())?;
    let connection = &mut backing.connect()?;
    match &arguments.task {
        None => tell(background_jobs::depths(connection)?.iter().map(depth), "no jobs"),
        Some(QueueTask::Dead { limit }) => {
            let letters = background_jobs::dead_letters(connection, None, *limit)?;
            tell(letters.iter().map(dead_letter), "no dead letters");
        }
        Some(QueueTask::Replay { id: Some(id), .. }) => replay_one(connection, *id)?,
        Some(QueueTask::Replay { id: None, kind }) => {
            let kind = kind.as_deref().unwrap_or_default();
            let replayed = background_jobs::replay_kind(connection, kind, MOST)?;
            println!("{replayed} of kind {kind:?} are due");
        }
        Some(QueueTask::Discard { id }) => {
            if !background_jobs::discard(connection, JobId::new(*id))? {
                return Err(no_letter(*id));
            }
            println!("discarded {id}");
        }
    }
    Ok(())
}

fn replay_one(connection: &mut PgConnection, id: i64) -> Result<(), Box<dyn Error>> {
    match background_jobs::replay(connection, JobId::new(id))? {
        Replay::Due => println!("{id} is due"),
        Replay::NotFound => return Err(no_letter(id)),
        Replay::EnqueuedSince => {
            return Err(format!("the work of {id} was enqueued again since: discard it").into());
        }
    }
    Ok(())
}

fn no_letter(id: i64) -> Box<dyn Error> {
    format!("there is no dead letter {id}: `backend queue dead` lists them").into()
}

fn tell(lines: impl ExactSizeIterator<Item = String>, nothing: &str) {
    if lines.len() == 0 {
        println!("{nothing}");
    }
    lines.for_each(|line| println!("{line}"));
}

fn depth(depth: &Depth) -> String {
    let Depth { kind, waiting, running, dead, oldest_due } = depth;
    let oldest = oldest_due.map_or_else(String::new, |age| format!(", oldest due {age:.1?} ago"));
    format!("{kind:24} {waiting} waiting, {running} running, {dead} dead{oldest}")
}

/// Without the payload, which may hold what the person at the terminal has no business to know.
fn dead_letter(letter: &DeadLetter) -> String {
    let reason = letter.last_error.as_deref().unwrap_or("its worker died");
    let died = letter.died_at.format("%F %T");
    format!("{:>8}  {died}  {:24} {} attempts: {reason}", letter.id(), letter.kind, letter.attempts)
}
