//! Five people edit one to-do, again and again: whose edit is lost?
//!
//! Each edit reads a number and writes the next one, as an edit of a text reads and writes it; what
//! is missing in the end was lost. The race is arranged and not hoped for: all read, then all write.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::Method;
use evidence::{Bar, Cell, Chart, ChartKind, Failure, Quantity, RungKind, Scale, Stage, Unit};
use foundation::scratch::Scratch;
use foundation::testing::{Client, Reply};
use futures_util::future::join_all;
use serde_json::json;

use super::row_lock::{lock_rows, open_transactions};
use super::{UNLIMITED, block_on, body, expect, make, serve, somebody};

/// People who edit at once.
pub(super) const EDITORS: u64 = 5;

/// The switch that leaves the tag out where it matters.
pub(crate) const NO_IF_MATCH: &str = "no-if-match";

/// Edits and how many were lost, for the story.
pub(super) struct Edits {
    pub(super) all: u64,
    pub(super) lost_before: u64,
    pub(super) lost_after: u64,
}

/// What became of the edits of one rung.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) lost: u64,
    pub(super) requests: u64,
    pub(super) refused: u64,
    /// Most connections seen in a transaction while people thought about their edits.
    pub(super) held: u64,
    pub(super) took: Duration,
}

fn edits(scale: Scale) -> u64 {
    match scale {
        Scale::Quick => 25,
        Scale::Default => 500,
        Scale::Full => 5_000,
    }
}

/// What an editor does before it writes, and what it sends along.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Care {
    /// Nothing.
    None,
    /// Reads once more, and writes if nothing has changed.
    Look,
    /// Sends the tag as `If-Match`; after a 412, reads again and edits again.
    Precondition,
}

/// Climbs the ladder.
pub(super) fn climb(stage: &Stage, scratch: &Arc<Scratch>) -> Result<Edits, Failure> {
    let all = edits(stage.scale());
    stage.step(format!("{all} edits of one to-do, {EDITORS} at once"));
    stage.predict(
        "lost",
        format!(
            "how many of {all} edits are lost if each editor looks once more before it writes?"
        ),
        Unit::Count,
    );
    let ladder = stage.ladder(
        format!("{all} edits of one to-do, {EDITORS} at once"),
        &["lost", "requests", "refused", "connections held", "time"],
    );
    let app = serve(scratch, None, &UNLIMITED);
    let client = somebody(&app, "editors").client;
    let mut seen = Vec::new();
    for (kind, name, care) in [
        (RungKind::Wrong, "PATCH", Some(Care::None)),
        (RungKind::Tempting, "look again, then PATCH", Some(Care::Look)),
        (RungKind::Right, "PATCH with If-Match", Some(Care::Precondition)),
        (RungKind::Costly, "row lock while thinking", None),
    ] {
        stage.go_on()?;
        let path = block_on(make(&client, "shared"))?;
        let one = match care {
            Some(Care::Precondition) if stage.switch(NO_IF_MATCH) => {
                block_on(race(stage, scratch, (&client, &path), Care::None, all))?
            }
            Some(care) => block_on(race(stage, scratch, (&client, &path), care, all))?,
            None => lock_rows(stage, scratch, &path, all)?,
        };
        ladder.rung(kind, name, cells(&one));
        seen.push((kind, name, one));
    }
    judge(stage, all, &seen)
}

fn cells(seen: &Seen) -> Vec<Cell> {
    let counts = [seen.lost, seen.requests, seen.refused, seen.held];
    let mut cells: Vec<Cell> = counts.into_iter().map(|n| Quantity::count(n).into()).collect();
    cells.push(Quantity::duration(seen.took).into());
    cells
}

fn judge(
    stage: &Stage,
    all: u64,
    seen: &[(RungKind, &'static str, Seen)],
) -> Result<Edits, Failure> {
    let [(.., bare), (.., looked), (.., matched), (.., locked)] = seen else {
        return Err("the ladder has four rungs".into());
    };
    let ids = ["bare", "looked", "matched", "locked"];
    for (id, (_, name, seen)) in ids.into_iter().zip(seen) {
        let lost = Quantity::count(seen.lost);
        stage.measure(&format!("lost-{id}"), format!("edits lost: {name}"), lost);
    }
    stage.measure("edits", "edits", Quantity::count(all));
    stage.measure("refused", "edits that If-Match sent back", Quantity::count(matched.refused));
    stage.reveal("lost", Quantity::count(looked.lost));
    stage.check(
        "without-if-match-edits-are-lost",
        format!("without If-Match {} of {all} edits are lost", bare.lost),
        bare.lost > 0,
    );
    stage.check(
        "a-look-before-the-write-is-no-help",
        format!("with a look before the write {} are lost all the same", looked.lost),
        looked.lost > 0,
    );
    stage.check(
        "if-match-loses-no-edit",
        format!(
            "with If-Match {} are lost: {} were told to read again, and did",
            matched.lost,
            Quantity::count(matched.refused)
        ),
        matched.lost == 0 && matched.refused > 0,
    );
    stage.check(
        "a-row-lock-holds-a-connection-for-each-editor",
        format!(
            "a row lock loses {} as well, and holds {} connections while people think, not {}",
            locked.lost, locked.held, matched.held
        ),
        locked.lost == 0 && locked.held == EDITORS && matched.held == 0,
    );
    stage.chart(chart(seen));
    Ok(Edits { all, lost_before: bare.lost, lost_after: matched.lost })
}

/// Rounds in which all read, then all write; with a precondition those who were refused go again.
async fn race(
    stage: &Stage,
    scratch: &Scratch,
    (client, path): (&Client, &str),
    care: Care,
    all: u64,
) -> Result<Seen, Failure> {
    let mut seen = Seen::default();
    let mut watching = scratch.connect()?;
    let began = Instant::now();
    for _ in 0..all / EDITORS {
        stage.go_on()?;
        let mut editors = EDITORS;
        while editors > 0 {
            let reads = look(client, path, care, editors).await?;
            seen.held = seen.held.max(open_transactions(&mut watching)?);
            let replies = write(client, path, care, &reads).await;
            seen.requests += editors * if care == Care::Look { 3 } else { 2 };
            let refused = replies.iter().filter(|reply| reply.status == 412).count() as u64;
            for reply in replies.iter().filter(|reply| reply.status != 412) {
                expect(reply, 200)?;
            }
            seen.refused += refused;
            editors = refused;
        }
    }
    seen.took = began.elapsed();
    let left = body(&client.get(path).await)["order"].as_u64().unwrap_or_default();
    seen.lost = all - left;
    Ok(seen)
}

/// What each editor reads.
async fn look(
    client: &Client,
    path: &str,
    care: Care,
    editors: u64,
) -> Result<Vec<Reply>, Failure> {
    let read = || join_all((0..editors).map(|_| client.get(path)));
    let reads = read().await;
    if care != Care::Look {
        return Ok(reads);
    }
    let again = read().await;
    if reads.iter().zip(&again).any(|(one, two)| one.header("etag") != two.header("etag")) {
        return Err("somebody wrote between the two looks".into());
    }
    Ok(again)
}

/// What each editor makes of it.
async fn write(client: &Client, path: &str, care: Care, reads: &[Reply]) -> Vec<Reply> {
    let writes = reads.iter().map(|read| async {
        let next = body(read)["order"].as_i64().unwrap_or_default() + 1;
        let edit = json!({"order": next}).to_string().into_bytes();
        let mut headers = vec![("content-type", "application/json")];
        if care == Care::Precondition {
            headers.push(("if-match", read.header("etag")));
        }
        client.send(Method::PATCH, path, &headers, Some(edit)).await
    });
    join_all(writes).await
}

fn chart(seen: &[(RungKind, &'static str, Seen)]) -> Chart {
    let bars = seen.iter().map(|(kind, name, seen)| Bar {
        label: (*name).to_owned(),
        value: Quantity::count(seen.lost).value,
        spread: None,
        rung: Some(*kind),
    });
    Chart {
        id: "lost".to_owned(),
        title: "Edits lost when five people edit one to-do".to_owned(),
        axis: "edits lost".to_owned(),
        unit: Unit::Count,
        kind: ChartKind::Bars { bars: bars.collect(), logarithmic: false },
    }
}
