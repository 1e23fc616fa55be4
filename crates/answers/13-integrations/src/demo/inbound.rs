//! A warehouse tells of its stock, each event three times, as networks make it do.

use std::sync::Arc;

use auth::testing::SignedIn;
use chrono::Utc;
use diesel::prelude::*;
use evidence::{Failure, Outcome, Quantity, RungKind, Scale, Stage};
use foundation::scratch::{Scratch, number};
use foundation::signature::{Secret, TOLERANCE};
use foundation::testing::TestApp;
use futures_util::future::join_all;

use super::{block_on, of};
use crate::inbox::{Told, take_effect};
use crate::model::PartnerId;
use crate::outside::Warehouse;
use crate::partners::{self, NewPartner, PartnerUrl};
use crate::tempting::{apply_and_note, was_applied};

/// How often each event is told.
const TIMES: u64 = 3;

fn events(scale: Scale) -> u64 {
    match scale {
        Scale::Quick => 20,
        Scale::Default => 200,
        Scale::Full => 2_000,
    }
}

/// Climbs the ladder.
pub(super) fn climb(
    stage: &Stage,
    scratch: &Arc<Scratch>,
    app: &TestApp,
    owner: &SignedIn,
) -> Outcome {
    let events = events(stage.scale());
    let count = Quantity::count(events);
    stage.step(format!("{count} events of a warehouse, each told {TIMES} times"));
    let mut connection = scratch.connect()?;
    let secret = Secret::random();
    let partner = add(&mut connection, owner, &secret)?;
    let whose = (partner, of(owner).number());
    let ladder = stage.ladder(
        format!("{count} events, {} attempts", Quantity::count(events * TIMES)),
        &["in stock", "applied again"],
    );
    let mut again = Vec::new();
    for (kind, name) in [
        (RungKind::Wrong, "applied as it comes"),
        (RungKind::Tempting, "look, apply, note"),
        (RungKind::Right, "noted with its effect"),
    ] {
        empty(&mut connection)?;
        match kind {
            RungKind::Wrong => as_it_comes(&mut connection, whose.1, events)?,
            RungKind::Tempting => look_first(scratch, whose, events)?,
            _ => block_on(tell(app, partner, &secret, events)),
        }
        let stock = number(&mut connection, "SELECT sum(stock) FROM catalogue_pages")?;
        let more = stock.saturating_sub(events);
        ladder.rung(kind, name, [stock, more].map(|n| Quantity::count(n).into()).into());
        again.push((stock, more));
    }
    let [(_, wrong), (_, looked), (right, more)] = again[..] else {
        return Err("the ladder has three rungs".into());
    };
    stage.measure("twice-wrong", "events applied again, as they come", Quantity::count(wrong));
    stage.measure("twice-looked", "events applied again after a look", Quantity::count(looked));
    stage.measure("twice-inbox", "events applied again with an inbox", Quantity::count(more));
    stage.check(
        "without-an-inbox-repeats-count",
        format!("applied as they come, {} too many are in stock", Quantity::count(wrong)),
        wrong == events * (TIMES - 1),
    );
    stage.check(
        "a-look-before-is-not-enough",
        format!("two that look at the same time both find nothing: {looked} applied again"),
        looked == events,
    );
    stage.check(
        "the-inbox-applies-each-once",
        format!("{right} in stock after {count} events, {more} applied again"),
        right == events && more == 0,
    );
    refuse_forgeries(stage, app, &mut connection, partner, &secret)
}

fn add(
    connection: &mut PgConnection,
    owner: &SignedIn,
    secret: &Secret,
) -> Result<PartnerId, Failure> {
    let new = NewPartner {
        name: "Warehouse".to_owned(),
        url: PartnerUrl::parse("http://warehouse.invalid")?,
        outgoing: Secret::random(),
        incoming: secret.clone(),
    };
    Ok(partners::add(connection, of(owner), &new)?.id)
}

fn empty(connection: &mut PgConnection) -> QueryResult<()> {
    use diesel::connection::SimpleConnection;
    connection.batch_execute("TRUNCATE inbox_events; UPDATE catalogue_pages SET stock = 0")
}

fn told(event: u64) -> Told {
    Told::StockChanged { legacy_id: 1 + i64::try_from(event % 20).unwrap_or_default(), delta: 1 }
}

fn as_it_comes(connection: &mut PgConnection, owner: i64, events: u64) -> QueryResult<()> {
    for event in 0..events {
        for _ in 0..TIMES {
            take_effect(connection, owner, told(event))?;
        }
    }
    Ok(())
}

/// Two workers with the same event, arranged: both look before either notes; the third comes later.
fn look_first(scratch: &Scratch, whose: (PartnerId, i64), events: u64) -> Outcome {
    let (mut one, mut other) = (scratch.connect()?, scratch.connect()?);
    for event in 0..events {
        let id = format!("looked-{event}");
        let found = [was_applied(&mut one, whose.0, &id)?, was_applied(&mut other, whose.0, &id)?];
        for (connection, found) in [&mut one, &mut other].into_iter().zip(found) {
            if !found {
                apply_and_note(connection, whose, &id, told(event))?;
            }
        }
        if !was_applied(&mut one, whose.0, &id)? {
            apply_and_note(&mut one, whose, &id, told(event))?;
        }
    }
    Ok(())
}

/// All attempts at an event at the same time, over HTTP.
async fn tell(app: &TestApp, partner: PartnerId, secret: &Secret, events: u64) {
    let warehouse = warehouse(app, partner, secret);
    for event in 0..events {
        let Told::StockChanged { legacy_id, delta } = told(event);
        let id = format!("told-{event}");
        join_all((0..TIMES).map(|_| warehouse.tell(&id, legacy_id, delta))).await;
    }
}

fn warehouse(app: &TestApp, partner: PartnerId, secret: &Secret) -> Warehouse {
    let inbox = format!("http://{}/api/v1/partners/{partner}/events", app.address());
    Warehouse { inbox, secret: secret.clone() }
}

/// What a stranger may try: none of it takes effect.
fn refuse_forgeries(
    stage: &Stage,
    app: &TestApp,
    connection: &mut PgConnection,
    partner: PartnerId,
    secret: &Secret,
) -> Outcome {
    const STOCK: &str = "SELECT sum(stock) FROM catalogue_pages";
    let before = number(connection, STOCK)?;
    let body = r#"{"type":"stock.changed","data":{"legacy_id":1,"delta":7}}"#.to_owned();
    let now = Utc::now().timestamp();
    let genuine = warehouse(app, partner, secret);
    let guessed = warehouse(app, partner, &Secret::random());
    let strange = warehouse(app, PartnerId::from(999_999), secret);
    let statuses = block_on(async {
        [
            guessed.send("forged", now, body.clone()).await,
            genuine.send("late", now - TOLERANCE - 60, body.clone()).await,
            genuine.send("early", now + TOLERANCE + 60, body.clone()).await,
            strange.send("strange", now, body.clone()).await,
        ]
    });
    let after = number(connection, STOCK)?;
    stage.check(
        "forged-and-old-webhooks-are-refused",
        format!("another secret, an old and a future time, an unknown partner: {statuses:?}"),
        statuses.iter().all(|status| *status == Some(401)) && before == after,
    );
    Ok(())
}
