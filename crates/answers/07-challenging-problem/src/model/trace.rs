//! A schedule that a person can read.

use std::fmt;

use super::explore::Exploration;
use super::{End, Step, World};

/// One buyer runs a statement, or dies where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Happening {
    pub(super) buyer: usize,
    pub(super) step: Option<Step>,
}

/// What happened, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    lines: Vec<String>,
    counts_in_redis: bool,
}

impl Trace {
    pub(super) fn new(exploration: &Exploration<'_>) -> Self {
        let counts_in_redis = exploration.counts_in_redis();
        let start = World::new(exploration.programs.len(), exploration.stock);
        let lines = vec![format!("{:<46}{}", "", books(counts_in_redis, &start))];
        Self { lines, counts_in_redis }
    }

    pub(super) fn with(&self, happening: Happening, before: &World, after: &World) -> Self {
        let Happening { buyer, step } = happening;
        let letter = ["A", "B", "C", "D"].get(buyer).unwrap_or(&"?");
        let statement = match step {
            Some(step) => written(step, buyer, before, after),
            None => "dies".to_owned(),
        };
        let line = format!("{:>2}  {letter}  {statement:<40}", self.lines.len());
        let [was, is] = [before, after].map(|world| books(self.counts_in_redis, world));
        let mut trace = self.clone();
        trace.lines.push(if was == is { line.trim_end().to_owned() } else { line + &is });
        trace
    }

    /// Number of statements and deaths in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len() - 1
    }

    /// Whether nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n"))
    }
}

fn books(counts_in_redis: bool, world: &World) -> String {
    let sold = world.orders;
    if counts_in_redis {
        format!("counter {}, sold {sold}", world.counter)
    } else {
        format!("left {}, sold {sold}", world.units)
    }
}

/// The statement with what it read or wrote, and what the buyer is told.
fn written(step: Step, buyer: usize, before: &World, after: &World) -> String {
    let (read, written) = (after.read(buyer), after.written(buyer).unwrap_or_default());
    let statement = match step {
        Step::Read => format!("SELECT units → {read}"),
        Step::ReadForUpdate => format!("SELECT units FOR UPDATE → {read}"),
        Step::WriteBack => format!("UPDATE SET units = {written}"),
        Step::TakeOne => "UPDATE SET units = units - 1 …".to_owned(),
        Step::LockSale => "pg_advisory_xact_lock".to_owned(),
        Step::Count => "DECR units".to_owned(),
        Step::OrderAndCommit => "INSERT order, COMMIT".to_owned(),
    };
    let told = match (step, after.end(buyer)) {
        (Step::Read | Step::ReadForUpdate | Step::TakeOne | Step::Count, Some(End::SoldOut)) => {
            " sold out"
        }
        (Step::WriteBack, Some(End::Failed)) => return "UPDATE fails: serialization".to_owned(),
        (Step::WriteBack, None) if after.progress(buyer) == 0 => {
            return format!("UPDATE fails, begins again (read {})", before.read(buyer));
        }
        _ => "",
    };
    statement + told
}
