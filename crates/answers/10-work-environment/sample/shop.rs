//! What an order costs, in cents.

#[cfg(test)]
mod tests;

const BULK_FROM: u64 = 10;
const BULK_PERCENT: u64 = 15;
const FREE_SHIPPING_FROM: u64 = 5_000;
const SHIPPING: u64 = 490;

/// So many pieces of one thing.
pub struct Order {
    pub number: u64,
    pub quantity: u64,
    pub piece: u64,
}

/// The steps to a total; each is logged.
#[derive(Default)]
pub struct Bill {
    pub sum: u64,
    pub discount: u64,
    pub shipping: u64,
}

impl Bill {
    pub fn of(order: &Order) -> Self {
        let mut bill = Self { sum: order.quantity * order.piece, ..Self::default() };
        bill.discount = discount(order, bill.sum);
        bill.shipping = shipping(&bill);
        bill
    }

    pub fn total(&self) -> u64 {
        self.sum - self.discount + self.shipping
    }
}

/// A share of the sum from ten pieces on, rounded to the nearest cent.
fn discount(order: &Order, sum: u64) -> u64 {
    if order.quantity >= BULK_FROM {
        (sum * BULK_PERCENT + 50) / 100
    } else {
        0
    }
}

/// Free from a value on; what counts is what is left to pay.
fn shipping(bill: &Bill) -> u64 {
    if bill.sum - bill.discount >= FREE_SHIPPING_FROM {
        0
    } else {
        SHIPPING
    }
}
