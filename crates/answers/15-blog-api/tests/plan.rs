//! The hot queries keep their plans: what they read is bounded, wherever the page is.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use blog_api::model::Tag;
use blog_api::request::{Listing, Position};
use blog_api::store::comments::below;
use blog_api::store::posts::{drafts_query, find_query, listing, tagged};
use blog_api::store::relations::{authors_query, tags_query};
use chrono::DateTime;
use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use foundation::explain::{PlanGuard, plan_of};
use foundation::paging::Limit;
use foundation::testing::{TestApp, execute};
use support::app;

/// Forty authors with five hundred posts each, of which one in ten is a draft; every post has the tag
/// `all` and one in four the tag `some`; the busiest has five thousand comments.
fn forty_authors() -> (TestApp, PgConnection) {
    let app = app();
    for statement in [
        "INSERT INTO users (email, email_normalized, name, password_hash)
         SELECT n || '@example.org', n || '@example.org', 'Author ' || n, '$2b$04$' || n
         FROM generate_series(1, 40) AS n",
        "INSERT INTO posts (author_id, slug, title, body, published_at)
         SELECT users.id, 'post-' || n || '-' || users.id, repeat('x', 60), repeat('x', 60),
                CASE WHEN n % 10 > 0 THEN timestamptz '2026-01-01' + n * interval '1 minute' END
         FROM generate_series(1, 500) AS n, users ORDER BY n, users.id",
        "INSERT INTO post_tags (post_id, tag) SELECT id, 'all' FROM posts
         UNION ALL SELECT id, 'some' FROM posts WHERE id % 4 = 0",
        "INSERT INTO comments (post_id, author_id, body)
         SELECT 11, 1 + n % 40, 'Well said.' FROM generate_series(1, 5000) AS n",
    ] {
        execute(&app.scratch, statement);
    }
    for table in ["users", "posts", "post_tags", "comments"] {
        execute(&app.scratch, &format!("VACUUM ANALYZE {table}"));
    }
    let mut connection = app.scratch.connect().unwrap();
    // As on the server: planned once for each connection, for all values.
    connection.batch_execute("SET plan_cache_mode = force_generic_plan").unwrap();
    (app, connection)
}

fn limit() -> Limit {
    Limit::parse(None, 20, 100).unwrap()
}

/// Somewhere in the middle, and close to the end.
fn places() -> [Option<Position>; 3] {
    let place = |minutes: i64, id| {
        let published_at = DateTime::from_timestamp(1_767_225_600 + 60 * minutes, 0).unwrap();
        Some(Position { published_at, id })
    };
    [None, place(251, 10_020), place(2, 60)]
}

#[test]
fn a_page_anywhere_reads_its_own_rows_in_order_of_the_index() {
    let (_app, mut connection) = forty_authors();
    for after in places() {
        let question = Listing { tag: None, author: None, after, limit: limit() };
        let plan = plan_of(&mut connection, listing(&question)).unwrap();
        PlanGuard::of(&plan)
            .no_seq_scans()
            .no_sort()
            .uses_index("posts_published")
            .at_most_rows_read(21)
            .at_most_buffers(10);
    }
}

#[test]
fn a_page_of_one_author_reads_its_own_rows() {
    let (_app, mut connection) = forty_authors();
    for after in places() {
        let question = Listing { tag: None, author: Some(7.into()), after, limit: limit() };
        let plan = plan_of(&mut connection, listing(&question)).unwrap();
        PlanGuard::of(&plan)
            .no_seq_scans()
            .no_sort()
            .uses_index("posts_by_author")
            .at_most_rows_read(21)
            .at_most_buffers(30);
    }
}

#[test]
fn a_page_of_one_tag_reads_its_own_rows_in_order_of_the_tags_index() {
    let (_app, mut connection) = forty_authors();
    for tag in ["all", "some"] {
        let tag = Tag::parse(tag).unwrap();
        for after in places() {
            let plan = plan_of(&mut connection, tagged(&tag, after, limit())).unwrap();
            PlanGuard::of(&plan)
                .no_seq_scans()
                .no_sort()
                .uses_index("post_tags_listing")
                .uses_index("posts_pkey")
                .at_most_rows_read(2 * 21)
                .at_most_buffers(80);
        }
    }
}

#[test]
fn a_tag_of_one_author_reads_no_other_authors_posts() {
    let (_app, mut connection) = forty_authors();
    let question = Listing {
        tag: Some(Tag::parse("some").unwrap()),
        author: Some(8.into()),
        after: None,
        limit: limit(),
    };
    let plan = plan_of(&mut connection, listing(&question)).unwrap();
    PlanGuard::of(&plan)
        .no_seq_scan("posts")
        .uses_index("posts_by_author")
        .at_most_rows_read(1_200);
}

#[test]
fn drafts_are_found_past_everything_that_is_published() {
    let (_app, mut connection) = forty_authors();
    let plan = plan_of(&mut connection, drafts_query(7.into(), (None, limit()))).unwrap();
    PlanGuard::of(&plan)
        .no_seq_scans()
        .no_sort()
        .uses_index("posts_by_author")
        .at_most_rows_read(21)
        .at_most_buffers(30);
}

#[test]
fn a_post_is_found_by_its_slug() {
    let (_app, mut connection) = forty_authors();
    let slug = blog_api::model::Slug::of_path("post-251-7").unwrap();
    for reader in [None, Some(7.into())] {
        let plan = plan_of(&mut connection, find_query(&slug, reader)).unwrap();
        PlanGuard::of(&plan)
            .uses_index("posts_slug_unique")
            .at_most_rows_read(1)
            .at_most_buffers(4);
    }
}

#[test]
fn a_page_of_comments_reads_its_own_rows() {
    let (_app, mut connection) = forty_authors();
    for after in [None, Some(4_000)] {
        let plan = plan_of(&mut connection, below(11, (after, limit()))).unwrap();
        PlanGuard::of(&plan)
            .no_seq_scans()
            .no_sort()
            .uses_index("comments_pkey")
            .at_most_rows_read(21)
            .at_most_buffers(6);
    }
}

#[test]
fn what_belongs_to_a_page_is_looked_up_by_its_keys() {
    let (_app, mut connection) = forty_authors();
    let plan = plan_of(&mut connection, tags_query((1_000..1_021).collect())).unwrap();
    PlanGuard::of(&plan).no_seq_scans().uses_index("post_tags_pkey").at_most_rows_read(60);
    let plan = plan_of(&mut connection, authors_query((1..22).collect())).unwrap();
    PlanGuard::of(&plan).at_most_rows_read(40).at_most_buffers(50);
}
