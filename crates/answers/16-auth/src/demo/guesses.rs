//! Sixty wrong passwords for one account, from as many addresses: how many are looked at?

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use awc::Client;
use evidence::{Bar, Cell, Chart, ChartKind, Failure, Quantity, RungKind, Stage, Unit};
use foundation::scratch::Scratch;
use foundation::testing::{TestApp, TestRedis, config};

use super::owner::{self, LOGIN, Owner, Waited};
use super::{CHEAP, in_system, login};
use crate::MODULE;

/// Wrong passwords that are sent, each from an address of its own.
pub(super) const GUESSES: u8 = 60;

/// The switch that takes the limits of the right server away.
pub(crate) const LIMIT_OFF: &str = "limit-off";

/// Guesses that were looked at, for the story.
#[derive(Clone, Copy)]
pub(super) struct Verified {
    pub(super) unlimited: u64,
    pub(super) limited: u64,
}

/// One way to limit log-ins, on two servers.
struct Limits {
    kind: RungKind,
    name: &'static str,
    flags: &'static [&'static str],
}

/// Every one of them is the server itself, configured.
const UNSHARED: [Limits; 3] = [
    Limits {
        kind: RungKind::Wrong,
        name: "no limit",
        flags: &["--login-limit", "0", "--login-address-limit", "0"],
    },
    Limits { kind: RungKind::Tempting, name: "for each address", flags: &["--login-limit", "0"] },
    Limits { kind: RungKind::Tempting, name: "for each account, in each server", flags: &[] },
];

/// What came of the guesses, and of the owner.
pub(super) struct Seen {
    kind: RungKind,
    name: &'static str,
    pub(super) verified: u64,
    pub(super) waited: Waited,
    pub(super) session_lives: bool,
}

/// Climbs the ladder.
pub(super) fn climb(
    stage: &Stage,
    scratch: &Arc<Scratch>,
    hash: Duration,
) -> Result<Verified, Failure> {
    stage.step(format!("{GUESSES} wrong passwords for one account"));
    let redis = redis(stage);
    let columns = ["guesses verified", "owner logs in", "owner's open session"];
    let title = format!("{GUESSES} guesses from {GUESSES} addresses, in turn on two servers");
    let ladder = stage.ladder(title, &columns);
    let mut seen = Vec::new();
    let mut add = |one: Seen| {
        let lives = if one.session_lives { "goes on" } else { "ended" };
        let cells = [Quantity::count(one.verified).into(), one.waited.cell(), Cell::from(lives)];
        ladder.rung(one.kind, one.name, cells.to_vec());
        seen.push(one);
    };
    for limits in &UNSHARED {
        stage.go_on()?;
        add(attack(scratch, limits, Servers::Two(None))?);
    }
    let name = if redis.is_some() { "for each account, shared" } else { "for each account, alone" };
    let flags = if stage.switch(LIMIT_OFF) { UNSHARED[0].flags } else { &[] };
    let ours = Limits { kind: RungKind::Right, name, flags };
    let servers = redis.as_ref().map_or(Servers::One, |redis| Servers::Two(Some(redis)));
    add(attack(scratch, &ours, servers)?);
    stage.go_on()?;
    add(lock_out(scratch)?);
    let limit = u64::from(config(&[]).auth.login_limit);
    owner::judge(stage, limit, &seen)?;
    per_hour(stage, hash, limit);
    stage.chart(chart(&seen));
    Ok(Verified { unlimited: seen[0].verified, limited: seen[3].verified })
}

/// The Redis that servers count in, where there is one.
fn redis(stage: &Stage) -> Option<TestRedis> {
    match TestRedis::try_start() {
        Ok(redis) => Some(redis),
        Err(error) => {
            stage.note(format!("Without Redis the last server stands alone. {error}"));
            None
        }
    }
}

/// The servers that are attacked.
#[derive(Clone, Copy)]
enum Servers<'redis> {
    One,
    Two(Option<&'redis TestRedis>),
}

fn attack(scratch: &Arc<Scratch>, limits: &Limits, servers: Servers<'_>) -> Result<Seen, Failure> {
    let flags = [&CHEAP[..], limits.flags, TRUSTING].concat();
    let (count, redis) = match servers {
        Servers::One => (1, None),
        Servers::Two(redis) => (2, redis),
    };
    let start = || TestApp::serving_with(scratch, &[&MODULE], &flags, redis);
    let apps: Vec<TestApp> = (0..count).map(|_| start()).collect();
    let (kind, name) = (limits.kind, limits.name);
    in_system(async {
        let owner = Owner::move_in(&apps[0]).await?;
        let mut verified = 0;
        for n in 0..GUESSES {
            let app = &apps[usize::from(n) % apps.len()];
            verified += u64::from(guess(app, n).await? == 401);
        }
        let session_lives = owner.goes_on(&apps[0]).await;
        let waited = owner::log_in_again(&apps[0]).await?;
        Ok(Seen { kind, name, verified, waited, session_lives })
    })
}

/// Linux answers on all of 127.0.0.0/8; elsewhere a header that the servers trust names the address.
const HAS_MANY_ADDRESSES: bool = cfg!(target_os = "linux");
const TRUSTING: &[&str] =
    if HAS_MANY_ADDRESSES { &[] } else { &["--trusted-proxies", "127.0.0.0/8"] };

/// One wrong password from address number `n`: the status of the answer.
async fn guess(app: &TestApp, n: u8) -> Result<u16, Failure> {
    let address = IpAddr::V4(Ipv4Addr::new(127, 0, 1, n + 1));
    let builder = Client::builder().timeout(Duration::from_secs(40));
    let client = match HAS_MANY_ADDRESSES {
        true => builder.local_address(address),
        false => builder.add_default_header(("x-forwarded-for", address.to_string())),
    };
    let request = client.finish().post(format!("http://{}{LOGIN}", app.address()));
    let sent = request.send_json(&login(owner::EMAIL, "wrong horse battery")).await;
    Ok(sent.map_err(|error| error.to_string())?.status().as_u16())
}

/// The same guesses against a lock, which need no server to be shown.
fn lock_out(scratch: &Scratch) -> Result<Seen, Failure> {
    let limit = config(&[]).auth.login_limit;
    let mut lock = crate::tempting::Lock::after(limit);
    let (stored, right) = owner::stored_and_right(scratch)?;
    let looked_at = |_: &u8| lock.log_in(owner::EMAIL, &stored, "wrong").is_some();
    let verified = (0..GUESSES).filter(looked_at).count() as u64;
    let waited = match lock.log_in(owner::EMAIL, &stored, &right) {
        Some(true) => Waited::No,
        _ => Waited::ForEver,
    };
    let (kind, name) = (RungKind::Costly, "a lock after so many");
    Ok(Seen { kind, name, verified, waited, session_lives: true })
}

/// What a guesser who never stops gets done, by the time of a hash and by the limit.
fn per_hour(stage: &Stage, hash: Duration, limit: u64) {
    let unlimited = (3_600.0 / hash.as_secs_f64()) as u64;
    let label = "guesses an hour without a limit, on one core of the server";
    stage.measure("guesses-per-hour-unlimited", label, Quantity::count(unlimited));
    let windows = 3_600 / crate::limits::WINDOW.as_secs();
    let label = "guesses an hour with the limit, on any number of servers, after its burst";
    stage.measure("guesses-per-hour-limited", label, Quantity::count(limit * windows));
}

fn chart(seen: &[Seen]) -> Chart {
    let bars = seen.iter().map(|one| Bar {
        label: one.name.to_owned(),
        value: Quantity::count(one.verified).value,
        spread: None,
        rung: Some(one.kind),
    });
    Chart {
        id: "guesses".to_owned(),
        title: format!("Of {GUESSES} wrong passwords for one account, those that were verified"),
        axis: "guesses verified".to_owned(),
        unit: Unit::Count,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: false },
    }
}
