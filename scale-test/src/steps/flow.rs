//! One walk through everything: an account, a session, to-dos, an order, logs and their pages.

use serde_json::json;

use crate::Outcome;
use crate::http::Ask;
use crate::orders::Orders;
use crate::people::{Person, log_in, refresh};
use crate::run::Run;

/// Walks through it at these servers in turns; how many requests were answered as they should be.
pub(crate) fn walk(run: &Run, bases: &[String], orders: Orders, name: &str) -> Outcome<usize> {
    let base = |turn: usize| bases[turn % bases.len()].as_str();
    let person = Person::sign_up(run, base(0), base(1), name)?;
    let answered = |ask: Ask, status: u16, what: &str| run.http.ask(&ask).expect(status, what);
    let todo = Ask::post(base(2), "/api/v1/todos", json!({"title": "walk"})).by(&person.token);
    answered(todo, 201, "a to-do")?;
    let list = answered(Ask::get(base(0), "/api/v1/todos").by(&person.token), 200, "a list")?;
    if list.body.as_array().map(Vec::len) != Some(1) {
        return Err(format!("the list at another server is {}", list.body).into());
    }
    let key = format!("{name}-walks");
    let placed = answered(orders.place(base(1), &person.token, &key), 201, "an order")?;
    let again = answered(orders.place(base(2), &person.token, &key), 201, "the same order")?;
    if placed.body["id"] != again.body["id"] {
        return Err("one key made two orders".into());
    }
    answered(orders.place_other(base(0), &person.token, &key), 422, "another order")?;
    answered(orders.look(base(1)), 200, "what is on sale")?;
    let entry = json!({"logged_at": "2026-01-31T23:59:59Z", "level": "info", "service": "walk",
                       "message": "walked"});
    let batch = Ask::post(base(2), "/api/v1/logs", json!({"entries": [entry]}));
    answered(batch, 201, "a log entry")?;
    let page = "/api/v1/logs?service=walk&from=2026-01-31T00:00:00Z&to=2026-02-01T00:00:00Z";
    answered(Ask::get(base(0), page), 200, "a page of the log")?;
    answered(Ask::get(base(1), "/api/v1/logs/partitions"), 200, "the months")?;
    answered(refresh(base(2), &person.refresh), 200, "a refresh")?;
    answered(log_in(base(0), &person.email), 201, "a log-in")?;
    Ok(13)
}
