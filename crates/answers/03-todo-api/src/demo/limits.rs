//! One request more than the limit.

use std::sync::Arc;

use evidence::{Outcome, Quantity, Stage};
use foundation::scratch::Scratch;

use super::{TODOS, block_on, serve, somebody};

/// Few, so that none grows back while they are used up: one every twelve seconds.
const LIMIT: u64 = 5;

/// Uses up a user's limit, and asks as another.
pub(super) fn reach(stage: &Stage, scratch: &Arc<Scratch>) -> Outcome {
    stage.step(format!("A limit of {LIMIT} requests a minute, and one request more"));
    let app = serve(scratch, None, &["--rate-limit", "0", "--user-rate-limit", "5"]);
    let (eager, other) = (somebody(&app, "eager").client, somebody(&app, "other").client);
    let (replies, others) = block_on(async {
        let mut replies = Vec::new();
        for _ in 0..=LIMIT {
            replies.push(eager.get(TODOS).await);
        }
        (replies, other.get(TODOS).await)
    });
    let lines: Vec<String> = replies
        .iter()
        .map(|reply| {
            let wait = match reply.header("retry-after") {
                "" => String::new(),
                seconds => format!("  Retry-After: {seconds}"),
            };
            format!("{}  RateLimit: {}{wait}", reply.status.as_u16(), reply.header("ratelimit"))
        })
        .collect();
    stage.code("Each answer", lines.join("\n"));
    let granted = replies.iter().filter(|reply| reply.status == 200).count() as u64;
    stage.measure("granted", "requests granted", Quantity::count(granted));
    let refused = &replies[replies.len() - 1];
    let wait: u64 = refused.header("retry-after").parse().unwrap_or_default();
    stage.check(
        "one-more-than-the-limit-is-429",
        format!("{granted} requests are granted, the next is 429 and told to wait {wait} s"),
        granted == LIMIT && refused.status == 429 && wait > 0,
    );
    stage.check(
        "another-user-is-not-limited",
        "somebody else at the same address goes on",
        others.status == 200,
    );
    Ok(())
}
