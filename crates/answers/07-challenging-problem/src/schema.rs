//! The tables of the sale; the demo makes them in its own database.

diesel::table! {
    /// Units of each product that are left.
    sale_stock (product) {
        product -> BigInt,
        units -> Integer,
    }
}

diesel::table! {
    /// One row for each unit sold.
    sale_orders (id) {
        id -> BigInt,
        product -> BigInt,
        buyer -> BigInt,
    }
}
