//! The mail server hangs, every order is in the middle of its mail, and the process is killed.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use evidence::{Cell, Failure, Outcome, Quantity, Scale, Stage};
use foundation::scratch::{Scratch, number};
use foundation::testing::TestRedis;
use secrecy::ExposeSecret;

use std::time::{Duration, Instant};

use crate::desk::Way;
use crate::post::{Postbox, Seen};
use crate::relay::{CONSUMERS, STREAM, pending};
use crate::staff::{Employer, this_program};

/// Orders under way at the kill; even, as every second mail is delivered.
const ORDERS: u32 = CONSUMERS as u32;

/// What came of one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fate {
    /// Orders answered while the mail server hung.
    answered: u64,
    stored: u64,
    unmailed: u64,
    again: u64,
    twice: u64,
    /// Entries that the relay wrote to the stream.
    beside: u64,
}

/// Climbs the ladder; returns how many mails the spawned tasks lose.
pub(super) fn climb(stage: &Stage, scratch: &Scratch) -> Result<u64, Failure> {
    stage.step(format!("{ORDERS} orders are being mailed, the mail server hangs, and kill -9"));
    let redis = TestRedis::try_start()
        .map_err(|error| format!("one rung is a broker, and there is no Redis: {error}"))?;
    // A quick run has no second for each lease to end.
    let program = this_program().filter(|_| stage.scale() != Scale::Quick);
    stage.note(match &program {
        Some(_) => "Each way is a process of its own, and is killed with SIGKILL.",
        None => {
            "Each way runs on a thread whose runtime is dropped; at the other scales, and in \
             tests/kills.rs, it is a process, and killed with SIGKILL."
        }
    });
    stage.note(
        "Of the mails that hang, every second one is delivered, with the answer lost: to the \
         sender both halves look alike.",
    );
    let employer = Employer { database: scratch.url(), redis: redis.url(), program };
    let columns = [
        "answered meanwhile",
        "orders",
        "without a mail",
        "sent again",
        "got it twice",
        "stream entries",
    ];
    let ladder = stage.ladder(format!("{ORDERS} orders, one kill, one restart"), &columns);
    let mut fates = Vec::new();
    for way in Way::ALL {
        stage.go_on()?;
        let fate = suffer(stage, scratch, &employer, way)?;
        ladder.rung(way.kind(), way.name(), fate.cells());
        fates.push(fate);
    }
    let [inline, spawned, unkeyed, queued, relayed] = fates.as_slice() else {
        return Err("the ladder has five rungs".into());
    };
    tell(stage, [inline, spawned, unkeyed, queued, relayed]);
    Ok(spawned.unmailed)
}

/// One kill and one restart of one way.
fn suffer(
    stage: &Stage,
    scratch: &Scratch,
    employer: &Employer,
    way: Way,
) -> Result<Fate, Failure> {
    let orders = u64::from(ORDERS);
    let mut connection = scratch.connect()?;
    connection.batch_execute("TRUNCATE mailed_orders, mails_to_relay, background_jobs")?;
    let before = entries(employer)?;
    let postbox = Postbox::open(Duration::ZERO)?;
    let _closing = postbox.closes_with(stage.interrupt());
    postbox.hang();
    let mut staff = employer.hire(way, &postbox, ORDERS)?;
    postbox.holds(orders)?;
    if way != Way::Inline {
        staff.answers(orders)?;
    }
    let answered = staff.answered();
    staff.kill(&postbox)?;
    let restarted = employer.hire(way, &postbox, 0)?;
    if matches!(way, Way::Unkeyed | Way::Queued | Way::Relayed) {
        postbox.delivers(orders)?;
        drained(&mut connection, employer, way)?;
    }
    restarted.kill(&postbox)?;
    let stored = number(&mut connection, "SELECT count(*) FROM mailed_orders")?;
    let seen = postbox.seen();
    let beside = if way == Way::Relayed { entries(employer)? - before } else { 0 };
    Ok(Fate::of(answered, stored, &seen, beside))
}

/// Waits until every mail is sent and noted as sent.
fn drained(connection: &mut PgConnection, employer: &Employer, way: Way) -> Outcome {
    let deadline = Instant::now() + Duration::from_secs(60);
    let rows =
        "SELECT (SELECT count(*) FROM background_jobs) + (SELECT count(*) FROM mails_to_relay)";
    let mut redis = broker(employer)?;
    loop {
        let mut left = number(connection, rows)?;
        if way == Way::Relayed {
            left += pending(&mut redis)?;
        }
        if left == 0 {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("{left} mails are left after a minute").into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn broker(employer: &Employer) -> Result<redis::Connection, Failure> {
    Ok(redis::Client::open(employer.redis.expose_secret())?.get_connection()?)
}

/// Entries that were ever added to the stream, from Redis itself.
fn entries(employer: &Employer) -> Result<u64, Failure> {
    let mut connection = broker(employer)?;
    let length: u64 = redis::cmd("XLEN").arg(STREAM).query(&mut connection)?;
    Ok(length)
}

impl Fate {
    fn of(answered: u64, stored: u64, seen: &Seen, beside: u64) -> Self {
        let (unmailed, again) = (stored - seen.mailed(), seen.calls - stored);
        Self { answered, stored, unmailed, again, twice: seen.twice(), beside }
    }

    fn cells(self) -> Vec<Cell> {
        let Self { answered, stored, unmailed, again, twice, beside } = self;
        let counts = [answered, stored, unmailed, again, twice, beside];
        counts.map(|count| Quantity::count(count).into()).into()
    }
}

fn tell(stage: &Stage, [inline, spawned, unkeyed, queued, relayed]: [&Fate; 5]) {
    let orders = u64::from(ORDERS);
    stage.check(
        "inline-orders-hang-with-the-mail-server",
        format!(
            "mailed by the request, {} of {orders} orders are answered while the mail server \
             hangs; queued, {} are",
            inline.answered, queued.answered
        ),
        inline.answered == 0 && queued.answered == orders && inline.stored == orders,
    );
    stage.check(
        "spawned-mails-are-lost-at-a-kill",
        format!(
            "spawned beside the response, {} of {} answered orders are never mailed: those that the \
             mail server had not delivered when it hung",
            spawned.unmailed, spawned.answered
        ),
        spawned.answered == orders && spawned.unmailed == orders / 2,
    );
    stage.check(
        "queued-mails-survive-a-kill",
        format!(
            "queued in the transaction, {} of {} orders are without a mail after the restart",
            queued.unmailed, queued.stored
        ),
        queued.stored == orders && queued.unmailed == 0,
    );
    stage.check(
        "the-key-makes-repeats-harmless",
        format!(
            "{} mails are sent again; with the order as key {} customers get a second one, with a \
             new key for each attempt {} do",
            queued.again, queued.twice, unkeyed.twice
        ),
        queued.again > 0
            && queued.twice == 0
            && unkeyed.unmailed == 0
            && unkeyed.twice >= orders / 2,
    );
    stage.check(
        "a-broker-loses-none-either-and-writes-twice",
        format!(
            "over a relay and a stream {} mails are lost, for {} writes beside the database",
            relayed.unmailed, relayed.beside
        ),
        (relayed.unmailed, relayed.twice, relayed.answered) == (0, 0, orders)
            && relayed.beside >= orders,
    );
    let measures = [
        ("lost-inline", "mails lost: by the request", inline.unmailed),
        ("lost-spawned", "mails lost: spawned", spawned.unmailed),
        ("lost-queued", "mails lost: queued", queued.unmailed),
        ("again-queued", "mails sent again: queued", queued.again),
        ("twice-unkeyed", "second mails: queued without a key", unkeyed.twice),
        ("killed-orders", "orders under way at the kill", orders),
    ];
    for (id, label, count) in measures {
        stage.measure(id, label, Quantity::count(count));
    }
}
