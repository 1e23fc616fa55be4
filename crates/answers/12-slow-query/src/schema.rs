//! The table of the demo, as Diesel sees it; `orders::create` makes it.

pub(crate) mod sql_types {
    /// The status in the database: four bytes, and it reads as a word.
    #[derive(diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "order_status"))]
    #[allow(unreachable_pub)] // The column's type is public, as `table!` makes it.
    pub struct OrderStatus;
}

diesel::table! {
    use diesel::sql_types::{BigInt, Integer, Text, Timestamptz};
    use super::sql_types::OrderStatus;

    orders (id) {
        id -> BigInt,
        seller_id -> Integer,
        buyer_id -> Integer,
        total_cents -> Integer,
        status -> OrderStatus,
        created_at -> Timestamptz,
        ship_to -> Text,
    }
}
