//! One product, a few buyers, and what each statement does to them.

use super::{Isolation, Program, Step};

/// How a purchase ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// With an order.
    Sold,
    /// With the answer that nothing is left.
    SoldOut,
    /// With an error.
    Failed,
    /// With the death of the process.
    Died,
}

/// Units and orders as committed, who holds which lock, and how far each buyer is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// Units in `sale_stock`.
    pub units: u8,
    /// Units in Redis; below zero it counts who came too late.
    pub counter: i8,
    /// Orders stored.
    pub orders: u8,
    /// Raised by each commit that changed the row: what REPEATABLE READ compares.
    version: u8,
    row: Option<usize>,
    sale: Option<usize>,
    buyers: Vec<Purchase>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Purchase {
    next: usize,
    read: u8,
    /// Units and version at the first statement.
    snapshot: Option<(u8, u8)>,
    /// Units written and not committed.
    written: Option<u8>,
    end: Option<End>,
}

impl World {
    /// Nobody has begun.
    #[must_use]
    pub fn new(buyers: usize, stock: u8) -> Self {
        Self {
            units: stock,
            counter: i8::try_from(stock).unwrap_or(i8::MAX),
            orders: 0,
            version: 0,
            row: None,
            sale: None,
            buyers: vec![Purchase::default(); buyers],
        }
    }

    /// How the purchase of `buyer` ended, once it has.
    #[must_use]
    pub fn end(&self, buyer: usize) -> Option<End> {
        self.buyers[buyer].end
    }

    /// Whether every purchase has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.buyers.iter().all(|purchase| purchase.end.is_some())
    }

    /// The statement of its program that `buyer` runs next.
    #[must_use]
    pub fn next_step(&self, program: &Program, buyer: usize) -> Option<Step> {
        let purchase = &self.buyers[buyer];
        purchase.end.is_none().then(|| program.steps[purchase.next])
    }

    /// Units left, in Redis if they are counted there.
    #[must_use]
    pub fn left(&self, counts_in_redis: bool) -> u8 {
        let counted = u8::try_from(self.counter).unwrap_or(0);
        if counts_in_redis { counted } else { self.units }
    }

    /// What `buyer` read last.
    pub(super) fn read(&self, buyer: usize) -> u8 {
        self.buyers[buyer].read
    }

    /// What `buyer` wrote and has not committed.
    pub(super) fn written(&self, buyer: usize) -> Option<u8> {
        self.buyers[buyer].written
    }

    /// Statements that `buyer` has run since the purchase began, or began again.
    pub(super) fn progress(&self, buyer: usize) -> usize {
        self.buyers[buyer].next
    }

    /// The world after the next statement of `buyer`, who runs `program`; none when the purchase
    /// has ended, or the statement waits for a lock.
    #[must_use]
    pub fn step(&self, program: &Program, buyer: usize) -> Option<Self> {
        let step = self.next_step(program, buyer)?;
        let mut world = self.clone();
        world.buyers[buyer].snapshot.get_or_insert((self.units, self.version));
        match step {
            Step::Read => world.look(program, buyer),
            Step::ReadForUpdate => {
                world.take_row(buyer)?;
                world.look(program, buyer);
            }
            Step::WriteBack => world.write_back(program, buyer)?,
            Step::TakeOne => world.take_one(buyer)?,
            Step::LockSale => world.lock_sale(buyer)?,
            Step::Count => world.count(buyer),
            Step::OrderAndCommit => world.commit(buyer),
        }
        Some(world)
    }

    /// The world in which `buyer` died; none when the purchase has not begun or has ended.
    /// PostgreSQL rolls back and frees the locks, Redis knows nothing of it.
    #[must_use]
    pub fn death(&self, buyer: usize) -> Option<Self> {
        let purchase = &self.buyers[buyer];
        let begun = purchase.next > 0 && purchase.end.is_none();
        let mut world = self.clone();
        begun.then(|| {
            world.finish(buyer, End::Died);
            world
        })
    }

    fn advance(&mut self, buyer: usize) {
        self.buyers[buyer].next += 1;
    }

    fn look(&mut self, program: &Program, buyer: usize) {
        let units = match (program.isolation, self.buyers[buyer].snapshot) {
            (Isolation::RepeatableRead, Some((units, _))) => units,
            _ => self.units,
        };
        self.buyers[buyer].read = units;
        if units == 0 { self.finish(buyer, End::SoldOut) } else { self.advance(buyer) }
    }

    fn take_row(&mut self, buyer: usize) -> Option<()> {
        (*self.row.get_or_insert(buyer) == buyer).then_some(())
    }

    fn lock_sale(&mut self, buyer: usize) -> Option<()> {
        self.advance(buyer);
        (*self.sale.get_or_insert(buyer) == buyer).then_some(())
    }

    /// A row that changed since the snapshot is refused at once; only an unchanged one is waited
    /// for.
    fn write_back(&mut self, program: &Program, buyer: usize) -> Option<()> {
        let Purchase { read, snapshot, .. } = self.buyers[buyer];
        let changed = snapshot.is_some_and(|(_, version)| version != self.version);
        if program.isolation == Isolation::RepeatableRead && changed {
            self.finish(buyer, End::Failed);
            if program.retries {
                self.buyers[buyer] = Purchase::default();
            }
            return Some(());
        }
        self.take_row(buyer)?;
        self.buyers[buyer].written = Some(read - 1);
        self.advance(buyer);
        Some(())
    }

    /// A row whose committed version does not match is passed over without waiting for it; one
    /// that matches is waited for and asked again.
    fn take_one(&mut self, buyer: usize) -> Option<()> {
        if self.units == 0 {
            self.finish(buyer, End::SoldOut);
            return Some(());
        }
        self.take_row(buyer)?;
        self.buyers[buyer].written = Some(self.units - 1);
        self.advance(buyer);
        Some(())
    }

    fn count(&mut self, buyer: usize) {
        self.counter -= 1;
        if self.counter < 0 { self.finish(buyer, End::SoldOut) } else { self.advance(buyer) }
    }

    fn commit(&mut self, buyer: usize) {
        if let Some(units) = self.buyers[buyer].written {
            self.units = units;
            self.version += 1;
        }
        self.orders += 1;
        self.finish(buyer, End::Sold);
    }

    /// Ends the purchase and frees its locks. What is only of use on the way is forgotten, so that
    /// worlds which differ in nothing else are one.
    fn finish(&mut self, buyer: usize, end: End) {
        self.buyers[buyer] = Purchase { end: Some(end), ..Purchase::default() };
        for lock in [&mut self.row, &mut self.sale] {
            lock.take_if(|holder| *holder == buyer);
        }
    }
}
