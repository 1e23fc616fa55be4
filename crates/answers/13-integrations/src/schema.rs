// @generated automatically by Diesel CLI, without `catalogue_pages.words`: no statement reads it.

diesel::table! {
    catalogue_pages (id) {
        id -> Int8,
        user_id -> Int8,
        legacy_id -> Int8,
        slug -> Text,
        title -> Text,
        category -> Text,
        price_cents -> Int4,
        stock -> Int4,
        published_on -> Date,
        live -> Bool,
        body -> Text,
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    legacy_addresses (address) {
        address -> Text,
        page_id -> Int8,
    }
}

diesel::table! {
    catalogue_imports (id) {
        id -> Int8,
        user_id -> Int8,
        csv -> Nullable<Bytea>,
        report -> Nullable<Jsonb>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    webhook_partners (id) {
        id -> Int8,
        user_id -> Int8,
        slot -> Int2,
        name -> Text,
        url -> Text,
        outgoing_secret -> Bytea,
        incoming_secret -> Bytea,
    }
}

diesel::table! {
    outbox_events (position) {
        position -> Int8,
        partner_id -> Int8,
        event_id -> Text,
        entity -> Int8,
        kind -> Text,
        body -> Text,
        state -> Text,
        attempts -> Int4,
        due_at -> Timestamptz,
        leased_until -> Nullable<Timestamptz>,
        published_at -> Nullable<Timestamptz>,
        settled_at -> Nullable<Timestamptz>,
        failure -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    inbox_events (partner_id, event_id) {
        partner_id -> Int8,
        event_id -> Text,
        received_at -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query!(catalogue_pages, legacy_addresses);
diesel::joinable!(legacy_addresses -> catalogue_pages (page_id));
