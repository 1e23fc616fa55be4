//! Somebody who asks again and again for what hardly changes: what is sent, and what is read?

use std::sync::Arc;

use actix_web::http::Method;
use auth::testing::sign_up;
use evidence::{Failure, Outcome, Quantity, Stage};
use foundation::scratch::Scratch;
use foundation::testing::{Client, TestApp};
use serde_json::json;

use super::{block_on, expect, serve};

/// Requests for each of the two resources.
const REQUESTS: u64 = 100;
/// After so many the post is edited, which changes both.
const EDITED_AFTER: u64 = 25;

const FRONT: &str = "/api/v2/posts";

/// What came of asking.
#[derive(Default)]
struct Seen {
    unchanged: u64,
    bytes: u64,
    stale: u64,
    store_reads: u64,
}

/// Asks without a tag, and with the tag of what is there.
pub(super) fn save(stage: &Stage, scratch: &Arc<Scratch>) -> Outcome {
    let all = 2 * REQUESTS;
    let edits = REQUESTS / EDITED_AFTER;
    stage.step(format!("{all} requests for the front page and a post, with {edits} edits between"));
    let app = serve(scratch, None);
    let author = sign_up(&app, "editor").client;
    let whole = block_on(poll(&app, &author, false))?;
    let known = block_on(poll(&app, &author, true))?;
    let saved = Quantity::bytes(whole.bytes.saturating_sub(known.bytes));
    let [sent, left] = [whole.bytes, known.bytes].map(Quantity::bytes);
    stage.measure("polls", "requests for what hardly changes", Quantity::count(all));
    stage.measure("unchanged", "answered with 304", Quantity::count(known.unchanged));
    stage.measure("bytes-whole", "bodies without a tag", sent);
    stage.measure("bytes-known", "bodies with the tag of what is there", left);
    stage.measure("bytes-saved", "saved", saved);
    stage.measure("store-reads", "read from the database", Quantity::count(known.store_reads));
    stage.check(
        "what-is-known-is-304",
        format!("with the tag, {} of {all} are 304 and {left} of {sent} are sent", known.unchanged),
        // All but the first of each resource, and the first after each edit.
        known.unchanged == all - 2 * edits && whole.unchanged == 0 && known.bytes * 5 < whole.bytes,
    );
    stage.check(
        "no-304-after-an-edit",
        format!("{} responses show what was before an edit", whole.stale + known.stale),
        whole.stale + known.stale == 0,
    );
    stage.check(
        "the-cache-spares-the-database",
        format!("{} of {all} requests read the database", known.store_reads),
        known.store_reads <= 2 * edits,
    );
    Ok(())
}

async fn poll(app: &TestApp, author: &Client, tells_tag: bool) -> Result<Seen, Failure> {
    let post = |edit: u64| {
        json!({"title": format!("Edit {edit}"), "body": "Words. ".repeat(500),
        "published": true})
    };
    let made = author.post(FRONT, &post(0)).await;
    expect(&made, 201)?;
    let path = made.header("location").to_owned();
    let before = store_reads(app)?;
    let mut seen = Seen::default();
    let reader = app.anonymous();
    let mut known = [(FRONT, String::new(), String::new()), (&*path, String::new(), String::new())];
    for request in 0..REQUESTS {
        let edit = request / EDITED_AFTER;
        if request > 0 && request % EDITED_AFTER == 0 {
            let headers = [("content-type", "application/json"), ("if-match", "*")];
            let body = post(edit).to_string().into_bytes();
            expect(&author.send(Method::PUT, &path, &headers, Some(body)).await, 200)?;
        }
        for (path, tag, body) in &mut known {
            let tags = [("if-none-match", tag.as_str())];
            let headers = if tells_tag && !tag.is_empty() { &tags[..] } else { &[] };
            let reply = reader.send(Method::GET, path, headers, None).await;
            if reply.status == 304 {
                seen.unchanged += 1;
            } else {
                expect(&reply, 200)?;
                (*tag, *body) = (reply.header("etag").to_owned(), reply.text.clone());
            }
            seen.bytes += reply.text.len() as u64;
            seen.stale += u64::from(!body.contains(&format!("\"Edit {edit}\"")));
        }
    }
    seen.store_reads = store_reads(app)? - before;
    let gone = author.send(Method::DELETE, &path, &[], None).await;
    expect(&gone, 204)?;
    Ok(seen)
}

/// How often this server has read posts from the database.
fn store_reads(app: &TestApp) -> Result<u64, Failure> {
    let metrics = String::from_utf8(app.metrics.render()?)?;
    let mut values =
        metrics.lines().filter_map(|line| line.strip_prefix("blog_store_reads_total "));
    Ok(values.next().ok_or("the server does not count its reads")?.parse()?)
}
