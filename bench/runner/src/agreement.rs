//! Every server must give the answer that the backend gives; otherwise speed means nothing.

use std::net::SocketAddr;

use chrono::{DateTime, SecondsFormat};
use serde_json::Value;

use crate::Outcome;
use crate::http::ask;
use crate::plan::Contender;
use crate::stage::Rows;

/// One answer to each workload.
pub(crate) struct Answers {
    pub(crate) read: String,
    pub(crate) page: String,
    pub(crate) insert: String,
}

/// Asks the three questions.
pub(crate) fn answers(server: SocketAddr, rows: Rows) -> Outcome<Answers> {
    let time = |epoch: u64| -> Outcome<String> {
        let instant = DateTime::from_timestamp(i64::try_from(epoch)?, 0).ok_or("no such time")?;
        Ok(instant.to_rfc3339_opts(SecondsFormat::Secs, true))
    };
    let from = time(rows.month_start)?;
    // Not the end of the month: nothing is inserted there, so the page stays the same.
    let to = time(rows.month_start + 3_600)?;
    let page = format!("/api/v1/logs?from={from}&to={to}&limit=20");
    let at = time(rows.now)?;
    let entry = format!(
        r#"{{"entries":[{{"logged_at":"{at}","level":"info","service":"checkout","message":"order 1 paid by card"}}]}}"#
    );
    Ok(Answers {
        read: expect(server, "GET", "/api/v1/users/4711", "", 200)?,
        page: expect(server, "GET", &page, "", 200)?,
        insert: expect(server, "POST", "/api/v1/logs", &entry, 201)?,
    })
}

fn expect(
    server: SocketAddr,
    method: &str,
    path: &str,
    json: &str,
    status: u16,
) -> Outcome<String> {
    let answer = ask(server, method, path, json)?;
    if answer.status == status {
        return Ok(answer.body);
    }
    Err(format!("{method} {path}: {} instead of {status}: {}", answer.status, answer.body).into())
}

/// Compares what two servers answered, as JSON.
pub(crate) fn check(contender: Contender, ours: &Answers, theirs: &Answers) -> Outcome<()> {
    let pairs =
        [(&ours.read, &theirs.read), (&ours.page, &theirs.page), (&ours.insert, &theirs.insert)];
    for (ours, theirs) in pairs {
        let (expected, found): (Value, Value) =
            (serde_json::from_str(ours)?, serde_json::from_str(theirs)?);
        if expected != found {
            return Err(format!("{contender:?} answers {found}, the backend {expected}").into());
        }
    }
    Ok(())
}
