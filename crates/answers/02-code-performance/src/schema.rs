//! The tables of the demo, which makes them in its scratch database.

/// Makes both tables, empty.
pub const TABLES: &str = "
    CREATE TABLE customers (
        id bigint PRIMARY KEY, country text NOT NULL, name text NOT NULL UNIQUE);
    CREATE TABLE payments (
        id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers,
        reference text NOT NULL, method text NOT NULL, cents bigint NOT NULL);
    -- What the reports ask for: customers by country, payments by customer.
    CREATE INDEX customers_by_country ON customers (country);
    CREATE INDEX payments_by_customer ON payments (customer_id)";

diesel::table! {
    /// Who pays.
    customers (id) {
        /// See `TABLES`.
        id -> Int8,
        /// See `TABLES`.
        country -> Text,
        /// See `TABLES`.
        name -> Text,
    }
}

diesel::table! {
    /// What the provider reported.
    payments (id) {
        /// See `TABLES`.
        id -> Int8,
        /// See `TABLES`.
        customer_id -> Int8,
        /// See `TABLES`.
        reference -> Text,
        /// See `TABLES`.
        method -> Text,
        /// See `TABLES`.
        cents -> Int8,
    }
}

diesel::joinable!(payments -> customers (customer_id));
diesel::allow_tables_to_appear_in_same_query!(customers, payments);
