//! N+1 queries: one statement for each order of a customer, and customers grow.

use std::time::{Duration, Instant};

use diesel::{PgConnection, QueryResult};
use error_handling::{Cause, Problem};
use foundation::metrics::Metrics;

use super::{Case, Fault};
use crate::service::{Action, Bought, Feature, OBJECTIVE, Part, Runs, State};
use crate::signals::Evidence;
use crate::store::{self, MOST_ORDERS};

/// A round trip to a database that is not on this machine; without it N+1 looks free.
const ROUND_TRIP: Duration = Duration::from_millis(2);
/// Orders that are shown while the whole history is switched off.
const NEWEST: i64 = 20;
/// Orders that an import adds to one customer: at two milliseconds each, more than the objective.
pub(crate) const IMPORTED: i64 = 600;
/// Statements per request above which they grow with the data.
const MANY: f64 = 50.0;

pub(crate) const STATEMENTS: &str = "history_statements_total";

pub(super) static CASE: Case = Case {
    fault: Fault::GrowingQueries,
    title: "N+1 that grows with the data",
    injected: "an import gives one customer many more orders",
    mitigation: &[Action::Off(Feature::History)],
    evidence: |seen| Evidence {
        text: format!("statements for each history: {:.0}", seen.statements_per_history),
        present: seen.statements_per_history > MANY,
    },
    cause: "the history reads the items of each order by a statement of its own, so a customer \
            with many orders costs more round trips than the objective has time for",
    fix: "one join reads orders and items together",
    prevention: "a test counts the statements of each route, with ten times the data",
    hints: [
        "Nothing was released, and one route fails, though not for everybody. What has grown? \
         Look at `slow`, and at `metrics history`.",
        "The histories take hundreds of statements each: see `history_statements_total`. Each is \
         fast; there are too many, one for every order. `mitigate off history` shows the newest \
         twenty only.",
        "It is an N+1 that grows with the data. Enter `mitigate off history`, `guess \
         growing-queries`, `fix`.",
    ],
};

/// What customers have bought.
pub(crate) struct History {
    pub(crate) part: Part,
    metrics: Metrics,
}

impl History {
    pub(crate) fn new(metrics: Metrics) -> Self {
        metrics.count(STATEMENTS, "Statements of histories", 0);
        Self { part: Part::new(true), metrics }
    }

    pub(crate) async fn of(&self, state: &State, customer: i64) -> Result<Vec<Bought>, Problem> {
        let trips = Trips { metrics: self.metrics.clone(), began: Instant::now() };
        let runs = self.part.runs();
        let read = move |connection: &mut PgConnection| match runs {
            Runs::Nothing => trips.order_by_order(connection, customer, NEWEST),
            Runs::Faulty => trips.order_by_order(connection, customer, MOST_ORDERS),
            Runs::Repaired => trips.joined(connection, customer),
        };
        state.database.run(read).await
    }
}

/// Counts and times the round trips of one history.
struct Trips {
    metrics: Metrics,
    began: Instant,
}

impl Trips {
    /// One statement for the orders, and one more for each of them.
    fn order_by_order(
        &self,
        connection: &mut PgConnection,
        customer: i64,
        most: i64,
    ) -> Result<Vec<Bought>, Problem> {
        let orders = self.trip(|| store::orders_of(connection, customer, most))?;
        let bought = orders.into_iter().map(|order| {
            // Nobody waits for the rest any more, and others wait for this connection.
            if self.began.elapsed() > OBJECTIVE {
                return Err(too_long());
            }
            let items = self.trip(|| store::items_of(connection, order))?;
            Ok(Bought { order, items })
        });
        bought.collect()
    }

    /// The fix: one statement, however many orders.
    fn joined(&self, connection: &mut PgConnection, customer: i64) -> Result<Vec<Bought>, Problem> {
        let rows = self.trip(|| store::orders_with_items(connection, customer, MOST_ORDERS))?;
        let mut bought: Vec<Bought> = Vec::new();
        for (order, item) in rows {
            match bought.last_mut().filter(|last| last.order == order) {
                Some(last) => last.items.push(item),
                None => bought.push(Bought { order, items: vec![item] }),
            }
        }
        Ok(bought)
    }

    fn trip<T>(&self, statement: impl FnOnce() -> QueryResult<T>) -> Result<T, Problem> {
        self.metrics.count(STATEMENTS, "Statements of histories", 1);
        std::thread::sleep(ROUND_TRIP);
        Ok(statement()?)
    }
}

fn too_long() -> Problem {
    Problem::unavailable("The history took too long.", Duration::from_secs(1))
        .with_cause(Cause::new("history deadline"))
}
