//! The statements on `shop_switches`.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::schema::shop_switches;

/// One switch as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Switch {
    /// What it turns off.
    pub name: String,
    /// Whether it is on.
    pub on: bool,
    /// Since when.
    pub changed_at: DateTime<Utc>,
}

/// All of them, by name.
///
/// # Errors
/// Whatever the database says.
pub fn all(connection: &mut PgConnection) -> QueryResult<Vec<Switch>> {
    shop_switches::table.order(shop_switches::name).load(connection)
}

/// Turns one on or off; the time stays where it was so already.
///
/// # Errors
/// Whatever the database says.
pub fn turn(connection: &mut PgConnection, name: &str, on: bool) -> QueryResult<()> {
    let changed = shop_switches::table.filter(shop_switches::name.eq(name));
    diesel::update(changed.filter(shop_switches::on.ne(on)))
        .set((shop_switches::on.eq(on), shop_switches::changed_at.eq(diesel::dsl::now)))
        .execute(connection)
        .map(|_| ())
}
