//! One request, followed by the spans that the server keeps of every request.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::rt::System;
use auth::testing::sign_up;
use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use evidence::{Chart, ChartKind, Failure, Outcome, Quantity, Stage, TimelineRow, Unit};
use foundation::operations::{FinishedRequest, SpanTime};
use foundation::scratch::{Scratch, number};
use foundation::testing::{Reply, TestApp};
use serde_json::json;

use crate::orders::{self, NewOrder};
use crate::post::Postbox;
use crate::site;
use crate::walk::{Part, STEPS};

/// Starts a server whose orders are mailed by this mail server. Without limits on calls, which all
/// come from one address here.
pub(super) fn serve(scratch: &Arc<Scratch>, postbox: &Postbox) -> Result<TestApp, Failure> {
    let mut connection = scratch.connect()?;
    diesel::sql_query("DELETE FROM mail_servers").execute(&mut connection)?;
    diesel::sql_query("INSERT INTO mail_servers VALUES ($1)")
        .bind::<diesel::sql_types::Text, _>(postbox.address().to_string())
        .execute(&mut connection)?;
    let flags = ["--rate-limit", "0", "--user-rate-limit", "0"];
    Ok(TestApp::serving_on(scratch, &[&auth::MODULE, &site::MODULE], &flags))
}

pub(super) fn follow(stage: &Stage, scratch: &Arc<Scratch>) -> Outcome {
    stage.step("One request, from socket to row and back");
    let postbox = Postbox::open(Duration::ZERO)?;
    let app = serve(scratch, &postbox)?;
    let customer = sign_up(&app, "customer").client;
    let order = || {
        let body = json!({"sku": "lamp"});
        let began = Instant::now();
        let reply = System::new().block_on(customer.post("/api/v1/mailed-orders/queued", &body));
        (reply, began.elapsed())
    };
    // The first one on a connection also plans its statements and reads the catalog.
    order();
    let (reply, at_client) = order();
    let request = kept(&app, &reply)?;
    stage.code("POST /api/v1/mailed-orders/queued", told(&request, at_client));
    stage.code("Its statements", statements(scratch)?.join("\n"));
    stage.note(format!("The server's own line of it: {}", request.timeline()));
    stage.chart(chart(&request));
    verify(stage, scratch, &reply, &request)?;
    let body = json!({"sku": "lamp"});
    let stranger = app.anonymous();
    let refused = System::new().block_on(stranger.post("/api/v1/mailed-orders/queued", &body));
    let spans = names(&*kept(&app, &refused)?);
    stage.check(
        "a-stranger-gets-no-further-than-extraction",
        format!("without a token it is {}, after the spans {spans:?}", refused.status.as_u16()),
        refused.status == 401 && spans == ["extraction"],
    );
    postbox.delivers(3)
}

fn kept(app: &TestApp, reply: &Reply) -> Result<Arc<FinishedRequest>, Failure> {
    let found = app.metrics.request_log().find(reply.header("x-request-id"));
    found.into_iter().next().ok_or_else(|| "the server has forgotten the request".into())
}

fn names(request: &FinishedRequest) -> Vec<&'static str> {
    request.spans.iter().map(|span| span.name).collect()
}

/// What stands in the response stands in the database, and the way there is the one described.
fn verify(stage: &Stage, scratch: &Scratch, reply: &Reply, request: &FinishedRequest) -> Outcome {
    let spans = names(request);
    let statements: u32 = request.spans.iter().filter_map(|span| span.statements).sum();
    stage.check(
        "one-request-leaves-its-spans",
        format!("{} on {} left the spans {spans:?}", request.status, request.route),
        request.status == 201
            && spans == ["extraction", "handler", "database.wait", "database.run"],
    );
    stage.check(
        "an-order-is-four-statements",
        format!("BEGIN, the order, its job and COMMIT: {statements} statements in one wait"),
        statements == 4,
    );
    stage.measure("statements", "statements of one order", Quantity::count(statements.into()));
    let id = reply.json()["id"].as_i64().ok_or("the response names no order")?;
    let row = format!("SELECT count(*) FROM mailed_orders WHERE id = {id} AND sku = 'lamp'");
    let rows = number(&mut scratch.connect()?, &row)?;
    stage.check(
        "the-row-is-what-the-response-says",
        format!("order {id} of the response is {rows} row of the database"),
        rows == 1,
    );
    stage.measure_times("request", "from head to head, on the server", &[request.duration()]);
    Ok(())
}

/// What the same store function sends, on a connection that tells.
fn statements(scratch: &Scratch) -> Result<Vec<String>, Failure> {
    let mut connection = scratch.connect()?;
    let (tell, told) = std::sync::mpsc::channel();
    connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let _ = tell.send(query.to_string());
        }
    });
    let new = NewOrder { customer: 1, sku: "lamp".to_owned() };
    orders::insert_with_job(&mut connection, &new)?;
    drop(connection);
    let one_line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(told.iter().map(one_line).collect())
}

/// When each part began and how long it took, of those that the server times.
fn times(request: &FinishedRequest) -> Vec<(Part, Duration, Duration)> {
    let micros = |time: u32| Duration::from_micros(time.into());
    let span = |name: &str| request.spans.iter().find(|span| span.name == name);
    let begin = |span: Option<&SpanTime>| span.map_or(Duration::ZERO, |one| micros(one.start_us));
    let end = |span: Option<&SpanTime>| {
        span.map_or(Duration::ZERO, |one| micros(one.start_us) + micros(one.duration_us))
    };
    let (wait, run) = (span("database.wait"), span("database.run"));
    let (extraction, handler) = (span("extraction"), span("handler"));
    let back = end(run);
    let edges = [
        (Part::Inward, Duration::ZERO, begin(extraction)),
        (Part::Extraction, begin(extraction), end(extraction)),
        (Part::Handler, begin(handler), begin(wait)),
        (Part::Wait, begin(wait), end(wait)),
        (Part::Run, begin(run), back),
        (Part::Outward, back, request.duration()),
    ];
    edges.map(|(part, from, to)| (part, from, to.saturating_sub(from))).to_vec()
}

/// Every step with its code, and the time of its part.
fn told(request: &FinishedRequest, at_client: Duration) -> String {
    let times = times(request);
    let mut text = String::new();
    for part in Part::ALL {
        let time = times.iter().find(|(of, ..)| *of == part);
        let time = time.map_or_else(String::new, |(_, from, took)| {
            format!("at {}, for {}", Quantity::duration(*from), Quantity::duration(*took))
        });
        let _ = writeln!(text, "{:<20} {time}", part.name());
        for step in STEPS.iter().filter(|step| step.part == part) {
            let _ = writeln!(text, "    {:<26} {}", step.item, step.file);
        }
    }
    let (server, client) = (Quantity::duration(request.duration()), Quantity::duration(at_client));
    let _ = write!(text, "{server} on the server; {client} at the client, with a new connection");
    text
}

fn chart(request: &FinishedRequest) -> Chart {
    let rows = times(request).into_iter().map(|(part, from, took)| TimelineRow {
        label: part.name().to_owned(),
        spans: vec![(from.as_secs_f64(), (from + took).as_secs_f64())],
    });
    Chart {
        id: "request".to_owned(),
        title: "One request on its way through the server".to_owned(),
        axis: "seconds since its head".to_owned(),
        unit: Unit::Seconds,
        kind: ChartKind::Timeline { rows: rows.collect() },
    }
}
