//! Every server must give the answer that the backend gives; otherwise speed means nothing.

use std::net::SocketAddr;

use chrono::{DateTime, SecondsFormat};
use serde_json::Value;

use crate::Outcome;
use crate::http::Question;
use crate::people::People;
use crate::plan::{Contender, Workload};
use crate::stage::Rows;

/// One answer to each workload.
pub(crate) type Answers = Vec<(Workload, String)>;

/// Asks one question of each kind.
pub(crate) fn answers(server: SocketAddr, rows: Rows, people: &People) -> Outcome<Answers> {
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
    let (reader, writer) = (people.reader(), people.writer());
    let list = Question::get(Workload::LIST).bearing(reader);
    let todo = Question::post("/api/v1/todos", r#"{"title":"order 1"}"#).bearing(writer);
    let questions = [
        (Workload::Read, Question::get("/api/v1/users/4711"), 200),
        (Workload::Page, Question::get(&page), 200),
        (Workload::Insert, Question::post("/api/v1/logs", &entry), 201),
        (Workload::TodoRead, Question::get("/api/v1/todos/7").bearing(reader), 200),
        (Workload::TodoList, list, 200),
        (Workload::TodoCreate, todo, 201),
    ];
    let ask = |(workload, question, status): (_, Question<'_>, _)| {
        question.expect(server, status).map(|body| (workload, body))
    };
    questions.into_iter().map(ask).collect()
}

/// Compares what two servers answered, as JSON.
pub(crate) fn check(contender: Contender, ours: &Answers, theirs: &Answers) -> Outcome<()> {
    for ((workload, ours), (_, theirs)) in ours.iter().zip(theirs) {
        let (expected, found): (Value, Value) =
            (serde_json::from_str(ours)?, serde_json::from_str(theirs)?);
        let same = |body: &Value| without_identity(*workload, body.clone());
        if same(&expected) != same(&found) {
            return Err(format!("{contender:?} answers {found}, the backend {expected}").into());
        }
    }
    Ok(())
}

/// Two to-dos with one title differ in what makes them two.
fn without_identity(workload: Workload, mut body: Value) -> Value {
    if workload == Workload::TodoCreate {
        for member in ["id", "url", "created_at"] {
            body[member] = Value::Null;
        }
    }
    body
}
