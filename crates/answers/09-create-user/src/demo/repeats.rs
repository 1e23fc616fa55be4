//! The response was lost: what does the client learn when it asks again?

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::Method;
use diesel::connection::SimpleConnection;
use evidence::{Failure, Outcome, Quantity, RungKind, Stage};
use foundation::scratch::{Scratch, number};
use foundation::testing::{Client, Reply};
use futures_util::future::join_all;
use serde_json::json;

use super::serve;

/// Requests at once, as a client sends whose first attempts seem to hang.
const AT_ONCE: usize = 8;

/// What ten requests for one account led to.
struct Seen {
    accounts: u64,
    told_created: u64,
    told_taken: u64,
    waited: u64,
    is_one_response: bool,
    survived_restart: bool,
}

/// Repeats a registration in parallel, once more, and once more after a restart.
pub(super) fn climb(stage: &Stage, scratch: &Arc<Scratch>) -> Outcome {
    let requests = AT_ONCE as u64 + 2;
    stage.step("The same registration again: in parallel, later, and after a restart");
    let columns = ["accounts", "told: created", "told: taken", "told to wait", "after restart"];
    let ladder = stage.ladder(format!("{requests} requests for one account"), &columns);
    let mut seen = Vec::new();
    for (kind, name, key) in [
        (RungKind::Tempting, "repeat without a key", None),
        (RungKind::Right, "repeat with an Idempotency-Key", Some("\"8e03978e-40d5\"")),
    ] {
        let one = repeat(scratch, key)?;
        let counts = [one.accounts, one.told_created, one.told_taken, one.waited];
        let mut cells: Vec<_> =
            counts.map(|count| Quantity::count(count).into()).into_iter().collect();
        cells.push(if one.survived_restart { "the response" } else { "an error" }.into());
        ladder.rung(kind, name, cells);
        seen.push(one);
    }
    let [without, with] = seen.as_slice() else { return Err("the ladder has two rungs".into()) };
    judge(stage, requests, without, with);
    Ok(())
}

fn judge(stage: &Stage, requests: u64, without: &Seen, with: &Seen) {
    let lost = Quantity::count(without.told_taken);
    stage.measure("lost-without-key", "repeats that lost the response, without a key", lost);
    let kept = Quantity::count(with.told_created);
    stage.measure("kept-with-key", "requests that got the response, with a key", kept);
    stage.check(
        "without-a-key-the-response-is-lost",
        format!(
            "without a key one of {requests} learns of the account, {lost} are told that the \
             address is taken, by themselves"
        ),
        without.accounts == 1 && without.told_created == 1 && without.told_taken == requests - 1,
    );
    stage.check(
        "same-key-one-row-one-response",
        format!("with a key all {kept} get the same response, and there is one account"),
        with.accounts == 1 && with.told_created == requests && with.is_one_response,
    );
    stage.check(
        "response-survives-a-restart",
        "with the key another server answers with the same response",
        with.survived_restart && !without.survived_restart,
    );
}

fn repeat(scratch: &Arc<Scratch>, key: Option<&str>) -> Result<Seen, Failure> {
    let mut connection = scratch.connect()?;
    connection.batch_execute("TRUNCATE users, idempotency_keys CASCADE")?;
    let system = actix_web::rt::System::new();
    let app = serve(scratch);
    let client = app.anonymous();
    let mut answers = system.block_on(async {
        let mut answers = join_all((0..AT_ONCE).map(|_| ask(&client, key))).await;
        answers.push(ask(&client, key).await);
        answers
    });
    drop(app);
    let restarted = serve(scratch);
    let last = system.block_on(ask(&restarted.anonymous(), key));
    let survived_restart = last.0.status == 201;
    answers.push(last);
    let created: Vec<&Reply> =
        answers.iter().map(|(reply, _)| reply).filter(|reply| reply.status == 201).collect();
    let one = created.first().map(|reply| (&reply.text, reply.header("location")));
    Ok(Seen {
        accounts: number(&mut connection, "SELECT count(*) FROM users")?,
        told_created: created.len() as u64,
        told_taken: answers.iter().filter(|(reply, _)| reply.status == 409).count() as u64,
        waited: answers.iter().map(|(_, waited)| waited).sum(),
        is_one_response: created
            .iter()
            .all(|reply| Some((&reply.text, reply.header("location"))) == one),
        survived_restart,
    })
}

/// Asks until there is an answer other than "still running". Returns it with how often it waited;
/// sooner than `Retry-After` says, as nothing else wants this server.
async fn ask(client: &Client, key: Option<&str>) -> (Reply, u64) {
    let body = json!({
        "email": "ada@example.org", "name": "Ada", "password": "correct horse battery",
    });
    let body = body.to_string().into_bytes();
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(key.map(|key| ("idempotency-key", key)));
    let mut waited = 0;
    loop {
        let reply = client.send(Method::POST, "/api/v1/users", &headers, Some(body.clone())).await;
        if reply.status != 409 || reply.header("retry-after").is_empty() {
            return (reply, waited);
        }
        waited += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
