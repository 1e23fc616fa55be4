// @generated automatically by Diesel CLI.

diesel::table! {
    sessions (id) {
        id -> Int8,
        user_id -> Int8,
        family_hash -> Bytea,
        token_hash -> Bytea,
        previous_hash -> Nullable<Bytea>,
        user_agent -> Nullable<Text>,
        created_at -> Timestamptz,
        last_used_at -> Timestamptz,
        expires_at -> Timestamptz,
        ends_at -> Timestamptz,
    }
}

diesel::table! {
    users (id) {
        id -> Int8,
        email -> Text,
        email_normalized -> Text,
        name -> Text,
        password_hash -> Text,
        created_at -> Timestamptz,
    }
}

diesel::joinable!(sessions -> users (user_id));

diesel::allow_tables_to_appear_in_same_query!(sessions, users);
