//! The way of one request from socket to row and back, step by step, with the code of each.
//!
//! A list instead of prose, so that a test finds every item and the demo puts times beside it.

use std::fmt::Write as _;

/// Which part of the request's time a step belongs to: the spans that the server keeps of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Before the clock of the request runs.
    Socket,
    /// From the head of the request to the first argument of its handler.
    Inward,
    /// Span `extraction`.
    Extraction,
    /// Span `handler`, up to the first look at the database.
    Handler,
    /// Span `database.wait`.
    Wait,
    /// Span `database.run`.
    Run,
    /// From the end of the last span to the head of the response.
    Outward,
}

impl Part {
    /// In the order of the request.
    pub const ALL: [Self; 7] = [
        Self::Socket,
        Self::Inward,
        Self::Extraction,
        Self::Handler,
        Self::Wait,
        Self::Run,
        Self::Outward,
    ];

    /// What a reader calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Socket => "socket",
            Self::Inward => "middleware, inward",
            Self::Extraction => "extraction",
            Self::Handler => "handler",
            Self::Wait => "lane: waiting",
            Self::Run => "lane: statements",
            Self::Outward => "middleware, outward",
        }
    }
}

/// One step.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// When it happens.
    pub part: Part,
    /// The item that does it.
    pub item: &'static str,
    /// The file of the item, from the root of the repository.
    pub file: &'static str,
    /// What it does.
    pub does: &'static str,
}

const fn step(part: Part, item: &'static str, file: &'static str, does: &'static str) -> Step {
    Step { part, item, file, does }
}

const CONNECTIONS: &str = "crates/foundation/src/http/connections.rs";
const MIDDLEWARE: &str = "crates/foundation/src/http/middleware.rs";
const LANE: &str = "crates/foundation/src/database/lane.rs";
const SITE: &str = "crates/answers/17-architecture/src/site.rs";
const ORDERS: &str = "crates/answers/17-architecture/src/orders.rs";

/// Every step of `POST /api/v1/mailed-orders/queued`.
pub const STEPS: &[Step] = &[
    step(Part::Socket, "Watch::adopt", CONNECTIONS, "gives the new connection its clock"),
    step(Part::Inward, "observe", MIDDLEWARE, "stops that clock, begins the trace"),
    step(
        Part::Inward,
        "pass_hooks",
        "crates/foundation/src/http/hooks.rs",
        "will let modules add headers on the way out",
    ),
    step(
        Part::Inward,
        "boundary",
        "crates/answers/08-error-handling/src/boundary.rs",
        "gives the request its id, span and deadline, and catches panics",
    ),
    step(Part::Inward, "shed", MIDDLEWARE, "refuses what is too much to serve in time"),
    step(Part::Inward, "limit_rate", MIDDLEWARE, "refuses who calls too often"),
    step(
        Part::Inward,
        "AppState::build",
        "crates/foundation/src/http/app.rs",
        "has put all of this around the routes; CORS, compression, then the route",
    ),
    step(
        Part::Extraction,
        "CurrentUser::from_request",
        "crates/answers/16-auth/src/current_user.rs",
        "verifies the token, without a look at the database",
    ),
    step(
        Part::Extraction,
        "Json::from_request",
        "crates/answers/08-error-handling/src/extract.rs",
        "reads the body, bounded in bytes and in time",
    ),
    step(Part::Handler, "place", SITE, "parses the text into what may be ordered"),
    step(
        Part::Handler,
        "Desk::take",
        "crates/answers/17-architecture/src/desk.rs",
        "decides when the mail is sent",
    ),
    step(
        Part::Wait,
        "Database::run_write",
        "crates/foundation/src/database/mod.rs",
        "picks the lane of writes",
    ),
    step(Part::Wait, "Lane::run", LANE, "refuses at once who would wait too long, else queues"),
    step(Part::Run, "Worker::perform", LANE, "lends a thread's connection to the store function"),
    step(Part::Run, "insert_with_job", ORDERS, "BEGIN, both rows, COMMIT"),
    step(Part::Run, "insert", ORDERS, "the order: one row of `mailed_orders`, returned"),
    step(
        Part::Run,
        "enqueue",
        "crates/background-jobs/src/enqueue.rs",
        "the mail: one row of `background_jobs`",
    ),
    step(
        Part::Outward,
        "RequestLog::keep",
        "crates/foundation/src/operations/requests.rs",
        "keeps route, status and spans for the person on call",
    ),
    step(Part::Outward, "clocked", CONNECTIONS, "starts the clock again with the response"),
];

/// The steps as a Markdown table, with links from the page in docs.
#[must_use]
pub fn table() -> String {
    let mut table = "| part | item | what it does |\n|---|---|---|\n".to_owned();
    let mut last = None;
    for step in STEPS {
        let part = if last == Some(step.part) { "" } else { step.part.name() };
        last = Some(step.part);
        let Step { item, file, does, .. } = step;
        let _ = writeln!(table, "| {part} | [`{item}`](../{file}) | {does} |");
    }
    table
}
