//! A thief copies a refresh token. Who is logged in afterwards, and who finds out?

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{PgConnection, QueryResult};
use evidence::{Failure, Outcome, Quantity, RungKind, Stage};
use foundation::scratch::Scratch;
use foundation::testing::config;

use super::owner::{EMAIL, PASSWORD};
use crate::refresh::SuccessorKey;
use crate::sessions::{self, Refreshed};
use crate::store::{self, Lifetimes};
use crate::testing::account;
use crate::{RefreshToken, UserId, tempting};

/// How often both refresh: with tokens of ten minutes, the thief's first hour and a half.
const ROUNDS: u64 = 10;

/// Refreshes that are sent at once.
const AT_ONCE: usize = 20;

/// Refreshes that the thief got, for the story.
#[derive(Clone, Copy)]
pub(super) struct Stolen {
    pub(super) unrotated: u64,
    pub(super) detected: u64,
}

/// One way to refresh.
type Refresh<'key> = &'key (dyn Fn(&mut PgConnection, &RefreshToken) -> QueryResult<Told> + Sync);

/// The next token, or nothing.
type Told = Option<RefreshToken>;

struct Seen {
    thief: u64,
    is_owner_told: bool,
    has_thief_lost: bool,
    other_lives: bool,
}

/// Climbs the ladder.
pub(super) fn climb(stage: &Stage, scratch: &Scratch) -> Result<Stolen, Failure> {
    stage.step("A refresh token is copied, and both copies are used");
    let user = account(scratch, EMAIL, PASSWORD, 4);
    let mut connection = scratch.connect()?;
    let key = SuccessorKey::obtain(&mut connection)?;
    let ours = |connection: &mut PgConnection, token: &RefreshToken| {
        Ok(match sessions::refresh(connection, token, &key, lifetimes())? {
            Refreshed::GoesOn(_, next) => Some(next),
            Refreshed::Unknown | Refreshed::Replayed(_) => None,
        })
    };
    let ways: [(RungKind, &str, Refresh<'_>, u64); 4] = [
        (RungKind::Wrong, "the token stays the same", &tempting::refresh_unrotated, 0),
        (RungKind::Tempting, "a new one for each", &tempting::refresh_rotated, 0),
        (RungKind::Right, "and a used one ends the session", &ours, 0),
        (RungKind::Costly, "the same, the owner within the grace", &ours, 1),
    ];
    let columns = ["thief's refreshes", "owner", "thief", "owner's other device"];
    let title = format!("thief and owner refresh in turns, {ROUNDS} times, the thief first");
    let ladder = stage.ladder(title, &columns);
    let mut seen = Vec::new();
    for (kind, name, refresh, forgiven) in ways {
        stage.go_on()?;
        let one = share(&mut connection, user, refresh, forgiven)?;
        let logged = |is_out: bool| if is_out { "logged out" } else { "goes on" };
        let cells = [one.is_owner_told, one.has_thief_lost, !one.other_lives].map(logged);
        let mut row = vec![Quantity::count(one.thief).into()];
        row.extend(cells.map(Into::into));
        ladder.rung(kind, name, row);
        seen.push(one);
    }
    judge(stage, &seen)?;
    at_once(stage, scratch, user)?;
    Ok(Stolen { unrotated: seen[0].thief, detected: seen[2].thief })
}

/// As they are when nobody sets them.
fn lifetimes() -> Lifetimes {
    let auth = config(&[]).auth;
    let (idle, absolute) = (auth.refresh_lifetime, auth.session_lifetime);
    Lifetimes { idle, absolute, grace: auth.refresh_grace }
}

/// A phone whose token is copied, and a laptop. Each refreshes when its token is due, but for the
/// owner in the first `forgiven` rounds, who comes within the grace of the thief's refresh.
fn share(
    connection: &mut PgConnection,
    user: UserId,
    refresh: Refresh<'_>,
    forgiven: u64,
) -> Result<Seen, Failure> {
    connection.batch_execute("DELETE FROM sessions")?;
    let (phone, laptop) = (RefreshToken::random(), RefreshToken::random());
    for token in [&phone, &laptop] {
        store::insert(connection, user, token, None, lifetimes())?;
    }
    let (mut thief, mut owner) = (Some(phone.clone()), Some(phone));
    let (mut stolen, mut is_owner_told) = (0, false);
    for round in 0..ROUNDS {
        pass_grace(connection)?;
        thief = renew(connection, thief.as_ref(), refresh)?;
        stolen += u64::from(thief.is_some());
        if round >= forgiven {
            pass_grace(connection)?;
        }
        owner = renew(connection, owner.as_ref(), refresh)?;
        is_owner_told |= owner.is_none();
    }
    let other_lives = refresh(connection, &laptop)?.is_some();
    Ok(Seen { thief: stolen, is_owner_told, has_thief_lost: thief.is_none(), other_lives })
}

/// As if the grace of every refresh so far were over: nobody sleeps.
fn pass_grace(connection: &mut PgConnection) -> QueryResult<()> {
    let passed = (lifetimes().grace + Duration::from_secs(1)).as_secs();
    connection.batch_execute(&format!(
        "UPDATE sessions SET last_used_at = last_used_at - interval '{passed} seconds'"
    ))
}

fn renew(
    connection: &mut PgConnection,
    token: Option<&RefreshToken>,
    refresh: Refresh<'_>,
) -> QueryResult<Told> {
    token.map_or(Ok(None), |token| refresh(connection, token))
}

fn judge(stage: &Stage, seen: &[Seen]) -> Outcome {
    let [same, rotated, ours, forgiven] = seen else { return Err("four rungs".into()) };
    let ids = ["unrotated", "rotated", "detected", "within-grace"];
    for (id, seen) in ids.into_iter().zip(seen) {
        let label = format!("refreshes that the thief got: {id}");
        stage.measure(&format!("stolen-{id}"), label, Quantity::count(seen.thief));
    }
    stage.check(
        "a-token-that-stays-serves-its-thief",
        format!("unrotated, the thief gets {} refreshes, and nobody notices", same.thief),
        same.thief == ROUNDS && !same.is_owner_told,
    );
    stage.check(
        "rotation-alone-logs-the-owner-out",
        format!("rotated, the owner is logged out and the thief gets {} refreshes", rotated.thief),
        rotated.is_owner_told && rotated.thief == ROUNDS && !rotated.has_thief_lost,
    );
    stage.check(
        "a-replayed-token-ends-the-family",
        format!("a used token ends its session: the thief got {} refresh", ours.thief),
        ours.thief == 1 && ours.is_owner_told && ours.has_thief_lost,
    );
    stage.check(
        "the-grace-costs-a-refresh",
        format!(
            "an owner who comes within the grace of the theft is forgiven: the thief got {} \
             refreshes before it was found out",
            forgiven.thief
        ),
        forgiven.thief == 2 && forgiven.is_owner_told && forgiven.has_thief_lost,
    );
    stage.check(
        "other-devices-live-on",
        "the owner's other device stays logged in",
        ours.other_lives && forgiven.other_lives,
    );
    Ok(())
}

/// Tabs that all notice at once that their token is about to expire.
fn at_once(stage: &Stage, scratch: &Scratch, user: UserId) -> Outcome {
    let mut connection = scratch.connect()?;
    let key = SuccessorKey::obtain(&mut connection)?;
    let alone = race(scratch, user, &tempting::refresh_rotated)?;
    let ours = |connection: &mut PgConnection, token: &RefreshToken| {
        Ok(match sessions::refresh(connection, token, &key, lifetimes())? {
            Refreshed::GoesOn(_, next) => Some(next),
            Refreshed::Unknown | Refreshed::Replayed(_) => None,
        })
    };
    let told = race(scratch, user, &ours)?;
    let lineages: BTreeSet<[u8; 32]> = told.iter().flatten().map(RefreshToken::hash).collect();
    let lineages = lineages.len() as u64;
    let (kept, out) = (told.iter().flatten().count(), alone.iter().filter(|one| one.is_none()));
    let out = out.count() as u64;
    stage.measure("logged-out-at-once", "logged out by their own tabs", Quantity::count(out));
    let label = format!("tokens that {AT_ONCE} refreshes at once leave");
    stage.measure("lineages", label, Quantity::count(lineages));
    stage.check(
        "rotation-alone-logs-tabs-out",
        format!("of {AT_ONCE} refreshes at once, rotation alone refuses {out}"),
        out == AT_ONCE as u64 - 1,
    );
    stage.check(
        "refreshes-at-once-leave-one-lineage",
        format!("with the grace, {kept} of {AT_ONCE} are answered, with {lineages} token"),
        kept == AT_ONCE && lineages == 1,
    );
    Ok(())
}

/// What each of [`AT_ONCE`] clients is given that send one token together.
fn race(scratch: &Scratch, user: UserId, refresh: Refresh<'_>) -> Result<Vec<Told>, Failure> {
    let token = RefreshToken::random();
    store::insert(&mut scratch.connect()?, user, &token, None, lifetimes())?;
    let connections: Result<Vec<PgConnection>, _> =
        (0..AT_ONCE).map(|_| scratch.connect()).collect();
    let barrier = Barrier::new(AT_ONCE);
    let told: Vec<QueryResult<Told>> = std::thread::scope(|scope| {
        let clients = connections?.into_iter().map(|mut connection| {
            let (barrier, token) = (&barrier, &token);
            scope.spawn(move || {
                barrier.wait();
                refresh(&mut connection, token)
            })
        });
        let clients: Vec<_> = clients.collect();
        let cut_off = |_| Err(diesel::result::Error::BrokenTransactionManager);
        let told = clients.into_iter().map(|client| client.join().unwrap_or_else(cut_off));
        Ok::<_, Failure>(told.collect())
    })?;
    Ok(told.into_iter().collect::<QueryResult<_>>()?)
}
