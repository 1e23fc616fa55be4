//! The table of the demo's orders; made by `orders::create` in a scratch database.

diesel::table! {
    mailed_orders (id) {
        id -> Int8,
        customer -> Int8,
        sku -> Text,
        placed_at -> Timestamptz,
    }
}
