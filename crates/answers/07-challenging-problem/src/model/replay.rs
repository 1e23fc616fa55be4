//! The model's schedules, run on PostgreSQL statement by statement.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::{End, Isolation, Program, Step, World, schedules};
use crate::counter::Counter;
use crate::race::Services;
use crate::store;
use crate::till::{Buyer, Trouble};

/// The one product of the model.
const PRODUCT: i64 = 0;

/// Schedules that were replayed, and how many ended as the model says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replay {
    /// Schedules replayed.
    pub schedules: u64,
    /// Those with the same units left, orders, and answer to each buyer.
    pub agreed: u64,
}

/// One buyer's connection, and how far the purchase is.
struct Session {
    database: PgConnection,
    counter: Option<Counter>,
    next: usize,
    read: i32,
    end: Option<End>,
}

/// Runs every schedule of these programs over `stock` units, each buyer on a connection.
/// Statements that would wait are not in a schedule, so one thread can run all of them.
///
/// # Errors
/// Whatever PostgreSQL or Redis says that the program does not expect; a statement that waits
/// although the model says it does not is one of them.
pub fn replay(services: &Services, programs: &[&Program], stock: u8) -> Result<Replay, Trouble> {
    let mut sessions =
        programs.iter().map(|_| Session::open(services)).collect::<Result<Vec<_>, _>>()?;
    let mut office = services.till()?;
    let counts_in_redis = programs.iter().any(|program| program.counts_in_redis());
    let mut seen = Replay::default();
    for (order, world) in schedules(programs, stock) {
        office.stock_up(1, u32::from(stock))?;
        for session in &mut sessions {
            (session.next, session.read, session.end) = (0, 0, None);
        }
        for buyer in order {
            sessions[buyer].step(programs[buyer], i64::try_from(buyer).unwrap_or_default())?;
        }
        let books = office.books(counts_in_redis)?;
        seen.schedules += 1;
        let same_books = books == (u64::from(world.left(counts_in_redis)), u64::from(world.orders));
        seen.agreed += u64::from(same_books && same_ends(&sessions, &world));
    }
    Ok(seen)
}

fn same_ends(sessions: &[Session], world: &World) -> bool {
    sessions.iter().enumerate().all(|(buyer, session)| session.end == world.end(buyer))
}

impl Session {
    fn open(services: &Services) -> Result<Self, Trouble> {
        let till = services.till()?;
        let mut database = till.database;
        database.batch_execute("SET lock_timeout = '2s'")?;
        Ok(Self { database, counter: till.counter, next: 0, read: 0, end: None })
    }

    fn step(&mut self, program: &Program, number: i64) -> Result<(), Trouble> {
        if self.next == 0 {
            self.database.batch_execute(match program.isolation {
                Isolation::ReadCommitted => "BEGIN",
                Isolation::RepeatableRead => "BEGIN ISOLATION LEVEL REPEATABLE READ",
            })?;
        }
        let step = program.steps[self.next];
        self.next += 1;
        match self.run(step, Buyer { number, product: PRODUCT }) {
            Ok(None) => Ok(()),
            Ok(Some(end)) => self.finish("COMMIT", Some(end)),
            Err(trouble) if trouble.is_serialization_failure() => {
                self.next = 0;
                self.finish("ROLLBACK", (!program.retries).then_some(End::Failed))
            }
            Err(trouble) => Err(trouble),
        }
    }

    fn finish(&mut self, ending: &str, end: Option<End>) -> Result<(), Trouble> {
        self.end = end;
        Ok(self.database.batch_execute(ending)?)
    }

    /// Runs the statements that the attempts run; says how the purchase ended, if it did.
    fn run(&mut self, step: Step, buyer: Buyer) -> Result<Option<End>, Trouble> {
        let database = &mut self.database;
        let any = match step {
            Step::Read => {
                self.read = store::units(database, PRODUCT)?;
                self.read > 0
            }
            Step::ReadForUpdate => {
                self.read = store::units_for_update(database, PRODUCT)?;
                self.read > 0
            }
            Step::WriteBack => {
                store::write_units(database, PRODUCT, self.read - 1)?;
                true
            }
            Step::TakeOne => store::take_one(database, PRODUCT)?,
            Step::LockSale => {
                store::lock_sale(database, PRODUCT)?;
                true
            }
            Step::Count => self.counter.as_mut().ok_or(Trouble::NoCounter)?.take()?,
            Step::OrderAndCommit => {
                store::insert_order(database, buyer)?;
                return Ok(Some(End::Sold));
            }
        };
        Ok((!any).then_some(End::SoldOut))
    }
}
