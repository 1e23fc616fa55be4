//! Every old address, followed as a browser does, on four ways to leave the old site.

use std::collections::BTreeSet;
use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{Array, Text};
use evidence::{Failure, Outcome, Quantity, RungKind, Stage};
use foundation::scratch::Scratch;
use foundation::testing::TestApp;

use super::export::Imported;
use super::{block_on, serve};
use crate::outside::{browser, step};
use crate::tempting::{ALL_TO_ONE, FORGETFUL, OLD_RULES};

/// Steps after which a browser gives up.
const PATIENCE: u64 = 20;

#[derive(Default)]
struct Seen {
    missing: u64,
    elsewhere: u64,
    steps: u64,
    longest: u64,
}

/// Climbs the ladder; returns how many addresses were missing at its foot.
pub(super) fn climb(
    stage: &Stage,
    scratch: &Arc<Scratch>,
    app: &TestApp,
    export: &Imported,
) -> Result<u64, Failure> {
    let count = Quantity::count(export.addresses.len() as u64);
    stage.step(format!("Follow {count} addresses of the old site"));
    keep_old_rules(scratch, export)?;
    let ladder = stage
        .ladder(format!("{count} old addresses"), &["404", "another page", "steps", "longest"]);
    let mut all = Vec::new();
    for (kind, name, module) in [
        (RungKind::Wrong, "forgotten", Some(&FORGETFUL)),
        (RungKind::Tempting, "all to one place", Some(&ALL_TO_ONE)),
        (RungKind::Right, "each to its page, 301", None),
        (RungKind::Costly, "the old rules, step by step", Some(&OLD_RULES)),
    ] {
        stage.go_on()?;
        let other = module.map(|module| serve(scratch, &[module]));
        let base = format!("http://{}", other.as_ref().unwrap_or(app).address());
        let seen = block_on(follow_all(&base, export))?;
        let Seen { missing, elsewhere, steps, longest } = seen;
        let cells = [missing, elsewhere, steps, longest].map(|n| Quantity::count(n).into());
        ladder.rung(kind, name, cells.into());
        all.push(seen);
    }
    let [forgotten, one, right, rules] = all.as_slice() else {
        return Err("the ladder has four rungs".into());
    };
    judge(stage, [forgotten, one, right, rules], export.addresses.len() as u64);
    check_sitemap(stage, app, export)?;
    Ok(forgotten.missing)
}

fn judge(stage: &Stage, [forgotten, one, right, rules]: [&Seen; 4], all: u64) {
    stage.measure(
        "missing-forgotten",
        "old addresses that are 404, forgotten",
        Quantity::count(forgotten.missing),
    );
    stage.measure(
        "missing-right",
        "old addresses that are 404, redirected",
        Quantity::count(right.missing),
    );
    stage.measure(
        "elsewhere-one",
        "old addresses that lead to another page",
        Quantity::count(one.elsewhere),
    );
    stage.measure(
        "longest-rules",
        "steps of the longest chain of old rules",
        Quantity::count(rules.longest),
    );
    stage.check(
        "forgotten-addresses-are-404",
        format!("without redirects {} of {all} old addresses are 404", forgotten.missing),
        forgotten.missing == all,
    );
    stage.check(
        "one-place-for-all-is-no-page",
        format!("sent to one place, {} of {all} lead to another page than theirs", one.elsewhere),
        one.missing == 0 && one.elsewhere == all,
    );
    stage.check(
        "every-old-address-leads-to-its-page",
        format!(
            "{} are 404, {} lead elsewhere, and each takes one step",
            right.missing, right.elsewhere
        ),
        right.missing == 0 && right.elsewhere == 0 && right.longest == 1 && right.steps == all,
    );
    stage.check(
        "old-rules-are-chains",
        format!("the old rules take up to {} steps, {} in all", rules.longest, rules.steps),
        rules.missing == 0
            && rules.elsewhere == 0
            && rules.longest > 1
            && rules.steps > right.steps,
    );
}

async fn follow_all(base: &str, export: &Imported) -> Result<Seen, Failure> {
    let (browser, mut seen) = (browser(), Seen::default());
    for (address, slug) in &export.addresses {
        let (mut at, mut steps) = (address.clone(), 0);
        let status = loop {
            let answer = step(&browser, &format!("{base}{at}")).await;
            let (status, location) = answer.map_err(|error| error.to_string())?;
            if status != 301 || steps == PATIENCE {
                break status;
            }
            at = location;
            steps += 1;
        };
        seen.steps += steps;
        seen.longest = seen.longest.max(steps);
        seen.missing += u64::from(status != 200);
        seen.elsewhere += u64::from(status == 200 && at != crate::pages::path(slug));
    }
    Ok(seen)
}

/// The rules of the old site, as rows that one of the rungs reads.
fn keep_old_rules(scratch: &Scratch, export: &Imported) -> Outcome {
    let mut connection = scratch.connect()?;
    connection
        .batch_execute("CREATE TABLE old_rules (address text PRIMARY KEY, target text NOT NULL)")?;
    let (from, to): (Vec<&String>, Vec<&String>) =
        export.rules.iter().map(|(from, to)| (from, to)).unzip();
    sql_query("INSERT INTO old_rules SELECT * FROM unnest($1, $2)")
        .bind::<Array<Text>, _>(from)
        .bind::<Array<Text>, _>(to)
        .execute(&mut connection)?;
    Ok(())
}

fn check_sitemap(stage: &Stage, app: &TestApp, export: &Imported) -> Outcome {
    let reply = block_on(app.anonymous().get("/catalogue/sitemap.xml"));
    let base = format!("http://{}", app.address());
    let listed: BTreeSet<String> = reply
        .text
        .split("<loc>")
        .skip(1)
        .filter_map(|rest| rest.split("</loc>").next()?.strip_prefix(&base).map(str::to_owned))
        .collect();
    let live: BTreeSet<String> = export.live.iter().map(|slug| crate::pages::path(slug)).collect();
    stage.check(
        "the-sitemap-lists-exactly-the-live-pages",
        format!(
            "{} addresses in the sitemap, {} live pages, the same ones",
            Quantity::count(listed.len() as u64),
            Quantity::count(live.len() as u64)
        ),
        listed == live,
    );
    Ok(())
}
