//! The recorded client of version 1, against three ways of giving it a version 2.

use std::sync::Arc;

use diesel::connection::SimpleConnection;
use evidence::{Failure, Outcome, Quantity, RungKind, Stage};
use foundation::module::Module;
use foundation::scratch::Scratch;
use local_services::Purpose;

use super::{block_on, expect, serve};
use crate::deprecation::{DEPRECATION, SUNSET};
use crate::recorded_client::{People, recorded, replay};
use crate::tempting::{IN_PLACE, REDIRECTING};

/// Climbs the ladder; returns how many requests a change in place breaks.
pub(super) fn climb(stage: &Stage, scratch: &Arc<Scratch>) -> Result<u64, Failure> {
    let exchanges = recorded()?;
    let all = exchanges.len() as u64;
    stage.step("The author becomes an object: who still works?");
    let ladder = stage.ladder(
        format!("{all} requests of a recorded client of version 1"),
        &["answered as recorded", "answered otherwise"],
    );
    // A database of its own, as nobody else's posts may be in it.
    let fresh = Arc::new(Scratch::create(Purpose::Demo)?);
    let mut connection = fresh.connect()?;
    let mut broken = Vec::new();
    let rungs: [(_, _, Option<&Module>); 3] = [
        (RungKind::Wrong, "changed in place", Some(&IN_PLACE)),
        (RungKind::Tempting, "redirected to version 2", Some(&REDIRECTING)),
        (RungKind::Right, "both versions served", None),
    ];
    for (kind, name, in_front) in rungs {
        stage.go_on()?;
        // The client makes the same posts with the same keys again.
        connection.batch_execute("TRUNCATE posts, idempotency_keys CASCADE")?;
        let app = serve(&fresh, in_front);
        let people = People::of(&app);
        let differences: Vec<String> =
            block_on(replay(&exchanges, &people)).into_iter().flatten().collect();
        let count = differences.len() as u64;
        ladder.rung(kind, name, [all - count, count].map(|n| Quantity::count(n).into()).into());
        if let Some(first) = differences.first() {
            stage.note(format!("{name}: {first}"));
        }
        broken.push(count);
    }
    let [in_place, redirected, both] = broken.as_slice() else {
        return Err("the ladder has three rungs".into());
    };
    judge(stage, all, [*in_place, *redirected, *both]);
    announce(stage, scratch)?;
    Ok(*in_place)
}

fn judge(stage: &Stage, all: u64, [in_place, redirected, both]: [u64; 3]) {
    stage.measure("exchanges", "requests of the recorded client", Quantity::count(all));
    stage.measure("broken-in-place", "broken by a change in place", Quantity::count(in_place));
    stage.measure("broken-redirected", "broken by a redirect", Quantity::count(redirected));
    stage.measure("broken-both", "broken beside version 2", Quantity::count(both));
    stage.check(
        "a-change-in-place-breaks-the-recorded-client",
        format!("changed in place, {in_place} of {all} requests are answered otherwise"),
        in_place > 0,
    );
    stage.check(
        "a-redirect-breaks-the-recorded-client",
        format!("redirected, {redirected} are: the other end of a redirect is no version 1"),
        redirected > 0,
    );
    stage.check(
        "the-recorded-client-works-beside-version-2",
        format!("with both versions served, {both} of {all} are"),
        both == 0 && all >= 20,
    );
}

/// What each response of version 1 says, and none of version 2.
fn announce(stage: &Stage, scratch: &Arc<Scratch>) -> Outcome {
    let app = serve(scratch, None);
    let client = app.anonymous();
    let (first, missing, second) = block_on(async {
        (
            client.get("/api/v1/posts?limit=1").await,
            client.get("/api/v1/posts/nothing-here").await,
            client.get("/api/v2/posts?limit=1").await,
        )
    });
    expect(&first, 200)?;
    expect(&missing, 404)?;
    expect(&second, 200)?;
    let names = ["deprecation", "sunset", "link"];
    let shown = first.headers.iter().filter(|(name, _)| names.contains(&name.as_str()));
    let lines: Vec<String> = shown
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    stage.code("GET /api/v1/posts?limit=1", lines.join("\n"));
    let announces = [&first, &missing].iter().all(|reply| {
        let links = reply.headers.get_all("link");
        let mut links = links.filter_map(|link| link.to_str().ok());
        reply.header("deprecation") == DEPRECATION
            && reply.header("sunset") == SUNSET
            && links.any(|link| link.contains("/api/v2/") && link.contains("successor-version"))
    });
    stage.check(
        "version-1-says-when-it-ends-and-where-to-go",
        "each response of version 1, 404 included, has Deprecation, Sunset and its successor",
        announces,
    );
    stage.check(
        "version-2-says-nothing-of-an-end",
        "no response of version 2 has",
        second.header("deprecation").is_empty() && second.header("sunset").is_empty(),
    );
    Ok(())
}
