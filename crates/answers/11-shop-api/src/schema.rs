// @generated automatically by Diesel CLI.

diesel::table! {
    shop_products (sku) {
        sku -> Text,
        price_cents -> Int8,
        document -> Jsonb,
        version -> Int4,
    }
}

diesel::table! {
    shop_stock (sku) {
        sku -> Text,
        available -> Int8,
        reserved -> Int8,
        sold -> Int8,
    }
}

diesel::table! {
    shop_carts (user_id, sku) {
        user_id -> Int8,
        sku -> Text,
        quantity -> Int4,
    }
}

diesel::table! {
    shop_orders (id) {
        id -> Int8,
        user_id -> Nullable<Int8>,
        status -> Text,
        total_cents -> Int8,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        asked_at -> Nullable<Timestamptz>,
        settled_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    shop_order_lines (order_id, sku) {
        order_id -> Int8,
        sku -> Text,
        quantity -> Int4,
        price_cents -> Int8,
    }
}

diesel::table! {
    shop_payments (order_id) {
        order_id -> Int8,
        reference -> Text,
        amount_cents -> Int8,
        status -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    shop_payment_events (event_id) {
        event_id -> Text,
        order_id -> Int8,
        outcome -> Text,
        received_at -> Timestamptz,
    }
}

diesel::table! {
    shop_switches (name) {
        name -> Text,
        on -> Bool,
        changed_at -> Timestamptz,
    }
}

diesel::joinable!(shop_stock -> shop_products (sku));
diesel::allow_tables_to_appear_in_same_query!(shop_products, shop_stock);
