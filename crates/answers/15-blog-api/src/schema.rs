// @generated automatically by Diesel CLI.

diesel::table! {
    posts (id) {
        id -> Int8,
        author_id -> Int8,
        slug -> Text,
        title -> Text,
        body -> Text,
        published_at -> Nullable<Timestamptz>,
        comments -> Int4,
        version -> Int4,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    post_tags (post_id, tag) {
        post_id -> Int8,
        tag -> Text,
        published_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    comments (post_id, id) {
        id -> Int8,
        post_id -> Int8,
        author_id -> Int8,
        body -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    users (id) {
        id -> Int8,
        name -> Text,
    }
}

diesel::joinable!(post_tags -> posts (post_id));
diesel::joinable!(comments -> posts (post_id));
diesel::allow_tables_to_appear_in_same_query!(posts, post_tags, comments, users,);
