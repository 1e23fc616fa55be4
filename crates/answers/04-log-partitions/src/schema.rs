// @generated automatically by Diesel CLI.

diesel::table! {
    log_entries (logged_at, id) {
        id -> Int8,
        logged_at -> Timestamptz,
        level -> Int2,
        service -> Text,
        message -> Text,
    }
}
