//! The statements on `shop_carts`.

use auth::UserId;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};

use crate::model::{Line, MOST_LINES, Quantity, Sku};
use crate::schema::shop_carts;

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is in the cart.
    Done,
    /// The cart has as many other lines as it can hold.
    Full,
}

/// What one person has in the cart, in order of sku.
///
/// # Errors
/// Whatever the database says.
pub fn lines(connection: &mut PgConnection, user: UserId) -> QueryResult<Vec<Line>> {
    let rows: Vec<(String, i32)> = shop_carts::table
        .filter(shop_carts::user_id.eq(user.number()))
        .order(shop_carts::sku)
        .select((shop_carts::sku, shop_carts::quantity))
        .load(connection)?;
    Ok(rows.into_iter().filter_map(line).collect())
}

/// Sets the quantity of one product. Run it in a transaction.
///
/// The lock comes in a statement of its own, so that the count in the next one sees what its holder
/// before us has committed: two requests at once could otherwise each add the last line that fits.
///
/// # Errors
/// A violation of `shop_carts_product` for a product that there is not.
pub fn put(connection: &mut PgConnection, user: UserId, line: &Line) -> QueryResult<Put> {
    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended('shop-cart:' || $1, 11))")
        .bind::<BigInt, _>(user.number())
        .execute(connection)?;
    let put = diesel::sql_query(
        "INSERT INTO shop_carts (user_id, sku, quantity) SELECT $1, $2, $3
         WHERE $4 > (SELECT count(*) FROM shop_carts WHERE user_id = $1 AND sku <> $2)
         ON CONFLICT (user_id, sku) DO UPDATE SET quantity = EXCLUDED.quantity",
    )
    .bind::<BigInt, _>(user.number())
    .bind::<Text, _>(line.sku.as_str())
    .bind::<Integer, _>(line.quantity.get())
    .bind::<BigInt, _>(i64::try_from(MOST_LINES).unwrap_or(i64::MAX))
    .execute(connection)?;
    Ok(if put == 1 { Put::Done } else { Put::Full })
}

/// Takes one product out.
///
/// # Errors
/// Whatever the database says.
pub fn remove(connection: &mut PgConnection, user: UserId, sku: &Sku) -> QueryResult<()> {
    diesel::delete(shop_carts::table.find((user.number(), sku.as_str())))
        .execute(connection)
        .map(|_| ())
}

/// Empties the cart and tells what was in it. In the transaction of an order: of two checkouts of
/// one cart, the second waits here and finds it empty.
///
/// # Errors
/// Whatever the database says.
pub fn take(connection: &mut PgConnection, user: UserId) -> QueryResult<Vec<Line>> {
    let cart = shop_carts::table.filter(shop_carts::user_id.eq(user.number()));
    let rows: Vec<(String, i32)> = diesel::delete(cart)
        .returning((shop_carts::sku, shop_carts::quantity))
        .get_results(connection)?;
    Ok(rows.into_iter().filter_map(line).collect())
}

/// A row that the constraints of its table let in is a line.
fn line((sku, quantity): (String, i32)) -> Option<Line> {
    let quantity = Quantity::new(quantity.into()).ok()?;
    Some(Line { sku: Sku::parse(&sku).ok()?, quantity })
}
