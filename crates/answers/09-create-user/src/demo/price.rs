//! When this answer is wrong: what the promise costs each registration that nobody repeats.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::http::header::HeaderValue;
use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use evidence::{Failure, Outcome, Quantity, Stage};
use foundation::idempotency::{Attempt, Claim, IdempotencyKey, claim};
use foundation::scratch::{Scratch, number};

use super::races::counted;
use super::somebody;
use crate::registration::store_once;

/// Registrations of each kind that are weighed, after some that are not: the first rows of a table
/// also make its pages.
const WEIGHED: u64 = 200;
const WARM_UP: u64 = 50;

/// Rows written: an account for each, and a key for every second.
pub(super) const ROWS: u64 = 3 * (WEIGHED + WARM_UP);

/// What one registration took.
struct Weight {
    statements: u64,
    log_bytes: u64,
}

/// Stores accounts with and without a key by the server's own code, and weighs both.
pub(super) fn weigh(stage: &Stage, scratch: &Scratch) -> Outcome {
    stage.step("When this answer is wrong: the price of a key that is never used again");
    scratch.connect()?.batch_execute("TRUNCATE users, idempotency_keys CASCADE")?;
    let plain = average(scratch, "plain", |connection, n| {
        store_once(connection, &somebody(&format!("plain-{n}@example.org"))?, None)?;
        Ok(())
    })?;
    let keyed = average(scratch, "keyed", with_key)?;
    let kept = number(&mut scratch.connect()?, "SELECT count(*) FROM idempotency_keys")?;
    for (id, name, weight) in [("plain", "without", &plain), ("keyed", "with", &keyed)] {
        let statements = Quantity::count(weight.statements);
        stage.measure(&format!("statements-{id}"), format!("statements {name} a key"), statements);
        let bytes = Quantity::bytes(weight.log_bytes);
        stage.measure(&format!("wal-{id}"), format!("write-ahead log {name} a key"), bytes);
    }
    // Statements and rows decide; the log is the whole server's, and others may write to it.
    stage.check(
        "a-key-has-its-price",
        format!(
            "a key takes {} statements instead of {}, {} of write-ahead log instead of {}, and a \
             row that stays for a day",
            keyed.statements,
            plain.statements,
            Quantity::bytes(keyed.log_bytes),
            Quantity::bytes(plain.log_bytes),
        ),
        plain.statements == 1 && keyed.statements > plain.statements && kept == WEIGHED + WARM_UP,
    );
    Ok(())
}

/// What the handler does for a request with a key, but for the hash.
fn with_key(connection: &mut PgConnection, n: u64) -> Outcome {
    let user = somebody(&format!("keyed-{n}@example.org"))?;
    let key = IdempotencyKey::parse(&HeaderValue::from_str(&format!("\"key-{n}\""))?)?;
    let attempt = Attempt { scope: "POST /api/v1/users", key, fingerprint: [0; 32] };
    match claim(connection, &attempt, Duration::from_secs(30))? {
        Claim::Mine(lease) => store_once(connection, &user, Some(&(attempt, lease)))?,
        Claim::Done(_) => return Err("the key was used before".into()),
    };
    Ok(())
}

fn average(
    scratch: &Scratch,
    name: &str,
    register: fn(&mut PgConnection, u64) -> Outcome,
) -> Result<Weight, Failure> {
    let statements = Arc::new(AtomicU64::new(0));
    let mut connection = counted(scratch, &statements)?;
    for n in 0..WARM_UP {
        register(&mut connection, n).map_err(|error| format!("{name}: {error}"))?;
    }
    let mut watching = scratch.connect()?;
    let position = "pg_current_wal_insert_lsn() - '0/0'::pg_lsn";
    let began = number(&mut watching, position)?;
    statements.store(0, Ordering::Relaxed);
    for n in WARM_UP..WARM_UP + WEIGHED {
        register(&mut connection, n)?;
    }
    let ended = number(&mut watching, position)?;
    Ok(Weight {
        statements: statements.load(Ordering::Relaxed) / WEIGHED,
        log_bytes: (ended - began) / WEIGHED,
    })
}
