//! Tables of the laboratory. Not among the migrations: the backend has no such service.

diesel::table! {
    lab.orders (id) {
        id -> BigInt,
        shop_id -> BigInt,
        reference -> Text,
        placed_on -> Date,
        status -> Text,
        total_cents -> BigInt,
    }
}

diesel::table! {
    lab.terms (shop_id) {
        shop_id -> BigInt,
        version -> BigInt,
        free_delivery_from_cents -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(orders, terms);
