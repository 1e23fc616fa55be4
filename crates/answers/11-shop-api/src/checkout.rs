//! From a wish to an order: all of it in one transaction, the contended row last.
//!
//! Prices and stock are first read without locks: once a product is gone, those who come too late
//! are told so without waiting for its row. What was read decides nothing; [`stock::reserve`] does.

use auth::UserId;
use background_jobs::{Options, enqueue};
use diesel::PgConnection;
use error_handling::{InvalidField, Problem, ProblemType};

use crate::model::Line;
use crate::payments::{CHARGE, Charge};
use crate::store::orders::{self, Offer, Order, OrderLine};
use crate::store::{carts, stock};
use crate::terms::Terms;

/// What is to be ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// These lines, at least one, each sku once.
    Lines(Vec<Line>),
    /// Whatever is in the cart, which is then empty.
    Cart,
}

/// Places an order: stores it, asks for its payment, lets `finish` store the response, and reserves
/// the stock. Run it in a transaction, and commit at once.
///
/// The stock comes last, instead of first as one would say it: its row is what all buyers of a
/// product wait for, and this way they wait for one statement and the commit.
///
/// # Errors
/// 409 of type `out-of-stock` that names each line of which there is not enough, 409 for more than one
/// person may reserve, 422 for products that there are not and for an empty cart; then roll back.
pub fn place(
    connection: &mut PgConnection,
    user: UserId,
    wish: Wish,
    terms: Terms,
    finish: impl FnOnce(&mut PgConnection, &Order) -> Result<(), Problem>,
) -> Result<Order, Problem> {
    let (lines, place) = match wish {
        Wish::Lines(lines) => (lines, Place::Body),
        Wish::Cart => (carts::take(connection, user)?, Place::Cart),
    };
    if lines.is_empty() {
        let field = InvalidField::body("/lines", "empty", "There is nothing in the cart.");
        return Err(Problem::invalid(vec![field]));
    }
    let offers = orders::offers(connection, &lines)?;
    let priced = price(&lines, &offers, place)?;
    terms.allow(connection, user, &lines)?;
    let order = orders::insert(connection, user, priced, terms.reservation)?;
    enqueue(connection, &CHARGE, &Charge { order: order.id }, &Options::default())?;
    finish(connection, &order)?;
    let reserved = stock::reserve(connection, &lines)?;
    let missing = |line: &Line| !reserved.iter().any(|sku| sku == line.sku.as_str());
    refuse_if_short(&lines, place, missing)?;
    Ok(order)
}

/// Where the client finds the line that is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Body,
    Cart,
}

/// One field for each line that is `meant`.
fn fields(
    lines: &[Line],
    place: Place,
    code: &'static str,
    meant: impl Fn(&Line) -> bool,
    detail: impl Fn(&Line) -> String,
) -> Vec<InvalidField> {
    let field = |(index, line): (usize, &Line)| {
        let pointer = match place {
            Place::Body => format!("/lines/{index}"),
            Place::Cart => format!("/cart/{}", line.sku),
        };
        InvalidField::body(&pointer, code, detail(line))
    };
    lines.iter().enumerate().filter(|(_, line)| meant(line)).map(field).collect()
}

/// The price of each line, in order of sku.
fn price(lines: &[Line], offers: &[Offer], place: Place) -> Result<Vec<OrderLine>, Problem> {
    let offer_of = |line: &Line| offers.iter().find(|offer| offer.sku == line.sku.as_str());
    let detail = |line: &Line| format!("{} is not sold here.", line.sku);
    let unknown = fields(lines, place, "unknown_sku", |line| offer_of(line).is_none(), detail);
    if !unknown.is_empty() {
        return Err(Problem::invalid(unknown));
    }
    refuse_if_short(lines, place, |line| {
        offer_of(line).is_some_and(|offer| offer.available < line.quantity.get().into())
    })?;
    let priced = |line: &Line| {
        let Offer { sku, price_cents, .. } = offer_of(line)?.clone();
        Some(OrderLine { sku, quantity: line.quantity.get(), price_cents })
    };
    let mut priced: Vec<OrderLine> = lines.iter().filter_map(priced).collect();
    priced.sort_unstable_by(|one, other| one.sku.cmp(&other.sku));
    Ok(priced)
}

/// 409 for lines of which there is not enough: the same request may succeed once somebody gives
/// something back.
fn refuse_if_short(
    lines: &[Line],
    place: Place,
    is_short: impl Fn(&Line) -> bool,
) -> Result<(), Problem> {
    let detail = |line: &Line| format!("There are not {} of {} left.", line.quantity, line.sku);
    let short = fields(lines, place, "out_of_stock", is_short, detail);
    if short.is_empty() {
        return Ok(());
    }
    let detail = "Not everything is in stock; nothing was ordered.";
    Err(Problem::new(ProblemType::OutOfStock, detail).with_errors(short))
}
