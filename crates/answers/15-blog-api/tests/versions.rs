//! Two versions of one store, the contract of each, and a client that knows the first alone.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use blog_api::contract::gate::breaking_changes;
use blog_api::contract::{Contract, V1, V2};
use blog_api::recorded_client::{People, recorded, replay};
use foundation::testing::TestApp;
use serde_json::{Value, json};
use support::{app, author, post, publish};

const WRITE: &str = "run `cargo run -p blog-api -- contract write` and review what it changes";

#[test]
fn the_committed_contracts_are_what_is_served() {
    for contract in [&V1, &V2] {
        let (committed, served) = (contract.read().unwrap(), contract.served().unwrap());
        assert!(committed == served, "{} is not what is served: {WRITE}", contract.file);
    }
}

#[test]
fn nothing_that_is_served_breaks_a_client_of_the_committed_contract() {
    for contract in [&V1, &V2] {
        let (committed, served) = (contract.read().unwrap(), contract.served().unwrap());
        assert_eq!(breaking_changes(&committed, &served), [""; 0], "{}", contract.file);
    }
}

#[test]
fn a_contract_describes_every_route_of_its_version_and_no_other() {
    let paths = |contract: &Contract| -> Vec<String> {
        let served = contract.served().unwrap();
        served["paths"].as_object().unwrap().keys().cloned().collect()
    };
    let (first, second) = (paths(&V1), paths(&V2));
    assert_eq!(first.len(), 5, "{first:?}");
    let moved: Vec<String> = first.iter().map(|path| path.replace("/v1/", "/v2/")).collect();
    assert_eq!(moved, second);
    let served = V1.served().unwrap();
    let operations = served["paths"].as_object().unwrap().values();
    let mut operations = operations.flat_map(|item| item.as_object().unwrap().values());
    assert!(operations.all(|operation| operation["deprecated"] == true));
}

#[actix_web::test]
async fn the_recorded_client_of_version_1_works_beside_version_2() {
    let app = app();
    assert_eq!(app.anonymous().get("/api/v2/posts").await.status, 200, "which is served as well");
    let exchanges = recorded().unwrap();
    assert!(exchanges.len() >= 20, "{}", exchanges.len());
    let differences: Vec<String> =
        replay(&exchanges, &People::of(&app)).await.into_iter().flatten().collect();
    assert_eq!(differences, [""; 0]);
}

#[actix_web::test]
async fn the_recorded_client_notices_a_response_that_is_not_the_recorded_one() {
    let app = app();
    let mut exchanges = recorded().unwrap();
    exchanges[0].response.body["author"] = json!({"id": "{number}", "name": "author"});
    exchanges[2].response.status = 410;
    exchanges[3].response.headers.insert("etag".to_owned(), "\"7\"".to_owned());
    let differences = replay(&exchanges, &People::of(&app)).await;
    let noticed: Vec<usize> =
        differences.iter().enumerate().filter_map(|(at, one)| one.as_ref().map(|_| at)).collect();
    assert_eq!(noticed, [0, 2, 3], "{differences:?}");
}

#[actix_web::test]
async fn one_post_has_two_representations_and_one_version_counter() {
    let (app, author) = author();
    let path = publish(&author, &post("Both")).await;
    let first_path = path.replace("/v2/", "/v1/");
    let (first, second) =
        (app.anonymous().get(&first_path).await, app.anonymous().get(&path).await);
    let author_of = |reply: &Value| reply["author"].clone();
    assert_eq!(author_of(&first.json()), "author");
    assert_eq!(author_of(&second.json())["name"], "author");
    assert_eq!(first.json()["url"], first_path, "and each stays within its version");
    assert_eq!(first.json()["title"], second.json()["title"]);
    assert_eq!(first.header("etag"), second.header("etag"));
    let edited = support::replace(&author, &first_path, "\"1\"", &post("Edited")).await;
    assert_eq!(edited.status, 200, "{}", edited.text);
    assert_eq!(app.anonymous().get(&path).await.json()["title"], "Edited");
}

#[actix_web::test]
async fn every_response_of_version_1_says_when_it_ends_and_none_of_version_2() {
    let (app, author) = author();
    let path = publish(&author, &post("Both")).await.replace("/v2/", "/v1/");
    let told = async |app: &TestApp, path: &str, status: u16| {
        let reply = app.anonymous().get(path).await;
        assert_eq!(reply.status, status, "{path}");
        let links: Vec<_> =
            reply.headers.get_all("link").map(|link| link.to_str().unwrap().to_owned()).collect();
        (reply.header("deprecation").to_owned(), reply.header("sunset").to_owned(), links)
    };
    for (path, status) in [
        ("/api/v1/posts", 200),
        (&*path, 200),
        ("/api/v1/posts/missing", 404),
        ("/api/v1/posts?limit=0", 422),
        ("/api/v1/drafts", 401),
    ] {
        let (deprecation, sunset, links) = told(&app, path, status).await;
        assert!(deprecation.starts_with('@'), "{path}: {deprecation}");
        assert!(sunset.ends_with("GMT"), "{path}: {sunset}");
        let successor = path.split('?').next().unwrap().replace("/v1/", "/v2/");
        let link = format!("<{successor}>; rel=\"successor-version\"");
        assert!(links.contains(&link), "{path}: {links:?}");
    }
    let (deprecation, sunset, links) = told(&app, "/api/v2/posts", 200).await;
    assert_eq!((&*deprecation, &*sunset, links.len()), ("", "", 0));
}
