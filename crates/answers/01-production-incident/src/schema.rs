//! The tables of the order-lookup service; they are made in its scratch database.

diesel::table! {
    /// What customers ask about.
    dojo_orders (id) {
        id -> BigInt,
        customer -> BigInt,
        price_cents -> BigInt,
        receipts -> Integer,
    }
}

diesel::table! {
    /// What is in an order.
    dojo_lines (id) {
        id -> BigInt,
        order_id -> BigInt,
        item -> Text,
    }
}

diesel::table! {
    /// Orders that somebody asked for and that do not exist.
    dojo_notes (id) {
        id -> BigInt,
        order_id -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(dojo_orders, dojo_lines);
