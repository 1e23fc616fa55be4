//! Old addresses, pages, the sitemap, the search, and what these read.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::collections::BTreeSet;

use actix_web::http::Method;
use diesel::prelude::*;
use foundation::explain::{PlanGuard, plan_of};
use foundation::testing::{Client, TestApp, execute};
use integrations::model::LegacyAddress;
use integrations::outside::{browser, step};
use integrations::pages::successor_query;
use integrations::search::{SearchParameters, listing};
use serde_json::{Value, json};
use support::{import_pages, import_rows, owner, refused, row};

#[actix_web::test]
async fn an_old_address_leads_to_its_page_in_one_step_whatever_chain_it_had() {
    let (app, owner) = owner();
    let chain = ",/cms/old?x=1&a=2,,,,,,moved,/cms/older,\n,/cms/older,,,,,,moved,/cms/1.html,\n";
    import_rows(&app, &owner, &format!("{}{chain}", row(1)));
    let client = app.anonymous();
    for address in ["/cms/1.html", "/cms/older", "/cms/old?a=2&x=1", "/cms/old?x=1&utm_id=9&a=2"] {
        let answer = step(&browser(), &format!("http://{}{address}", app.address())).await.unwrap();
        assert_eq!(answer, (301, "/catalogue/page-1".to_owned()), "{address}");
    }
    let page = client.get("/catalogue/page-1").await;
    assert_eq!(
        (page.status.as_u16(), page.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
}

#[actix_web::test]
async fn an_address_that_never_was_is_404_and_none_leads_away() {
    let (app, owner) = owner();
    import_rows(&app, &owner, &row(1));
    let client = app.anonymous();
    for address in [
        "/cms/",
        "/cms/2.html",
        "/cms/1.html?id=1",
        "/cms//evil.example/",
        "/cms/..%2f..%2fetc",
        "/cms/?url=https://evil.example/",
        "/cms/%00",
        "/cms/1.html%0d%0aLocation:x",
    ] {
        let reply = client.get(address).await;
        assert_eq!(reply.problem(404)["detail"], "There is no such page.", "{address}");
        assert_eq!(reply.header("location"), "", "{address}");
    }
}

#[actix_web::test]
async fn a_draft_is_nowhere() {
    let (app, owner) = owner();
    import_rows(&app, &owner, &row(1).replace("published", "draft"));
    let client = app.anonymous();
    client.get("/cms/1.html").await.problem(404);
    client.get("/catalogue/page-1").await.problem(404);
    assert_eq!(client.get("/api/v1/catalogue").await.json(), json!([]));
    assert!(!client.get("/catalogue/sitemap.xml").await.text.contains("page-1"));
}

#[actix_web::test]
async fn a_page_names_its_one_address_and_escapes_what_was_imported() {
    let (app, owner) = owner();
    let hostile = row(1).replace("Page 1,", "\"<script>alert('1')</script>\",");
    import_rows(&app, &owner, &hostile);
    let page = app.anonymous().get("/catalogue/page-1?utm_source=x").await;
    let canonical =
        format!("<link rel=\"canonical\" href=\"http://{}/catalogue/page-1\">", app.address());
    assert!(page.text.contains(&canonical), "{}", page.text);
    assert!(
        page.text.contains("&lt;script&gt;") && !page.text.contains("<script"),
        "{}",
        page.text
    );
}

#[actix_web::test]
async fn the_sitemap_lists_each_live_page_once_and_nothing_else() {
    let (app, owner) = owner();
    let draft = row(3).replace("published", "draft");
    import_rows(&app, &owner, &[row(1), row(2), draft].concat());
    let reply = app.anonymous().get("/catalogue/sitemap.xml").await;
    assert_eq!(reply.header("content-type"), "application/xml");
    let document = roxmltree::Document::parse(&reply.text).unwrap();
    let locations = document
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.sitemaps.org/schemas/sitemap/0.9", "loc")));
    let listed: Vec<&str> = locations.map(|node| node.text().unwrap()).collect();
    let base = format!("http://{}/catalogue", app.address());
    assert_eq!(listed, [format!("{base}/page-1"), format!("{base}/page-2")]);
}

/// Follows the pages of a search from link to link.
async fn all_pages(client: &Client, first: &str) -> Vec<Value> {
    let (mut found, mut next) = (Vec::new(), first.to_owned());
    loop {
        let reply = client.get(&next).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        found.extend(reply.json().as_array().unwrap().clone());
        match reply.header("link").strip_prefix('<').and_then(|link| link.split_once('>')) {
            Some((link, _)) => next = link.to_owned(),
            None => return found,
        }
    }
}

#[actix_web::test]
async fn a_search_is_filtered_by_category_price_and_words_cheapest_first() {
    let (app, owner) = owner();
    let tools = row(4).replace("garden", "tools").replace(",text", ",a steel spade");
    let steel = row(3).replace(",text", ",spades of steel");
    import_rows(&app, &owner, &[tools, steel, row(2), row(1)].concat());
    let client = app.anonymous();
    for (query, slugs) in [
        ("", vec!["page-1", "page-2", "page-3", "page-4"]),
        ("?category=garden", vec!["page-1", "page-2", "page-3"]),
        ("?min_price=200&max_price=300", vec!["page-2", "page-3"]),
        ("?q=steel+spade", vec!["page-3", "page-4"]),
        ("?q=steel+-spades&category=tools", vec![]),
        ("?q=%26%7C!()%27", vec![]),
    ] {
        let found = client.get(&format!("/api/v1/catalogue{query}")).await.json();
        let found: Vec<&str> =
            found.as_array().unwrap().iter().map(|page| page["slug"].as_str().unwrap()).collect();
        assert_eq!(found, slugs, "{query}");
    }
}

#[actix_web::test]
async fn pages_of_a_search_follow_each_other_also_where_prices_are_equal() {
    let (app, owner) = owner();
    let rows: String = (1..=25).map(|id| row(id).replace(&format!(",{id}.00,"), ",5,")).collect();
    import_rows(&app, &owner, &rows);
    let found = all_pages(&app.anonymous(), "/api/v1/catalogue?category=garden&limit=4").await;
    let ids: BTreeSet<i64> = found.iter().map(|page| page["id"].as_i64().unwrap()).collect();
    assert_eq!((found.len(), ids.len()), (25, 25), "none skipped, none repeated");
}

#[actix_web::test]
async fn a_search_that_cannot_be_is_refused_by_name() {
    let (app, _) = owner();
    let client = app.anonymous();
    for (query, place, code) in [
        ("category=Garden", "category", "not_a_slug"),
        ("min_price=-1", "min_price", "out_of_range"),
        ("max_price=9999999999", "max_price", "out_of_range"),
        ("q=", "q", "empty"),
        ("q=a%00b", "q", "control_character"),
        ("limit=101", "limit", "out_of_range"),
    ] {
        let reply = client.get(&format!("/api/v1/catalogue?{query}")).await;
        assert_eq!(refused(&reply, 422), [(place.to_owned(), code.to_owned())], "{query}");
    }
    for query in ["cursor=x", "unknown=1", "limit=x"] {
        client.get(&format!("/api/v1/catalogue?{query}")).await.problem(400);
    }
}

#[actix_web::test]
async fn a_result_that_is_known_is_not_sent_again() {
    let (app, owner) = owner();
    import_pages(&app, &owner, 3);
    let client = app.anonymous();
    let tag = client.get("/api/v1/catalogue").await.header("etag").to_owned();
    let headers = [("if-none-match", tag.as_str())];
    let known = client.send(Method::GET, "/api/v1/catalogue", &headers, None).await;
    assert_eq!((known.status.as_u16(), known.text.as_str()), (304, ""));
    execute(&app.scratch, "UPDATE catalogue_pages SET stock = 1 WHERE legacy_id = 2");
    let changed = client.send(Method::GET, "/api/v1/catalogue", &headers, None).await;
    assert_eq!(changed.status, 200);
}

/// 20 000 pages in twenty categories, one in a thousand of them rusty.
fn many_pages() -> (TestApp, PgConnection) {
    let (app, owner) = owner();
    execute(
        &app.scratch,
        &format!(
            "INSERT INTO catalogue_pages
                 (user_id, legacy_id, slug, title, category, price_cents, published_on, live, body)
             SELECT {}, n, 'page-' || n, 'Page ' || n, 'category-' || n % 20, n * 7 % 10000,
                    '2019-03-31', n % 50 > 0, CASE n % 1000 WHEN 1 THEN 'rusty' ELSE 'new' END
             FROM generate_series(1, 20000) AS n",
            owner.user.number()
        ),
    );
    execute(
        &app.scratch,
        "INSERT INTO legacy_addresses SELECT '/cms/' || legacy_id, id FROM catalogue_pages",
    );
    for table in ["catalogue_pages", "legacy_addresses"] {
        execute(&app.scratch, &format!("ANALYZE {table}"));
    }
    let mut connection = app.scratch.connect().unwrap();
    // As the server's own connections plan.
    execute_on(&mut connection, "SET plan_cache_mode = force_generic_plan");
    (app, connection)
}

fn execute_on(connection: &mut PgConnection, statement: &str) {
    diesel::sql_query(statement).execute(connection).unwrap();
}

#[actix_web::test]
async fn a_search_reads_its_page_in_the_order_of_an_index() {
    let (_app, mut connection) = many_pages();
    for (parameters, index) in [
        (json!({"category": "category-7", "min_price": 2000}), "catalogue_pages_category"),
        (json!({"min_price": 2000, "max_price": 8000}), "catalogue_pages_price"),
    ] {
        let parameters: SearchParameters = serde_json::from_value(parameters).unwrap();
        let search = parameters.parse().unwrap();
        plan_of(&mut connection, listing(&search)).unwrap();
        let plan = plan_of(&mut connection, listing(&search)).unwrap();
        PlanGuard::of(&plan).uses_index(index).no_seq_scans().no_sort().at_most_rows_read(21);
    }
}

#[actix_web::test]
async fn words_are_found_by_their_index() {
    let (_app, mut connection) = many_pages();
    let parameters = json!({"q": "rusty"});
    let parameters: SearchParameters = serde_json::from_value(parameters).unwrap();
    let search = parameters.parse().unwrap();
    plan_of(&mut connection, listing(&search)).unwrap();
    let plan = plan_of(&mut connection, listing(&search)).unwrap();
    PlanGuard::of(&plan).uses_index("catalogue_pages_words").no_seq_scans().at_most_buffers(60);
}

#[actix_web::test]
async fn an_old_address_is_one_look_up() {
    let (_app, mut connection) = many_pages();
    let address = LegacyAddress::parse("/cms/777").unwrap();
    plan_of(&mut connection, successor_query(&address)).unwrap();
    let plan = plan_of(&mut connection, successor_query(&address)).unwrap();
    let guard = PlanGuard::of(&plan).no_seq_scans().at_most_rows_read(2).at_most_buffers(10);
    guard.uses_index("legacy_addresses_pkey").uses_index("catalogue_pages_pkey");
}
