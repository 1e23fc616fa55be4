// @generated automatically by Diesel CLI.

diesel::table! {
    categories (user_id, id) {
        user_id -> Int8,
        id -> Int8,
        name -> Text,
        version -> Int4,
    }
}

diesel::table! {
    todos (user_id, id) {
        user_id -> Int8,
        id -> Int8,
        title -> Text,
        completed -> Bool,
        sort_order -> Nullable<Int4>,
        category_id -> Nullable<Int8>,
        version -> Int4,
        created_at -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query!(categories, todos,);
