//! What belongs to somebody else is not there.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use actix_web::http::Method;
use auth::testing::sign_up;
use foundation::testing::{Reply, count, execute};
use futures_util::future::join_all;
use serde_json::{Value, json};
use support::{
    CATEGORIES, TODOS, app, delete, make, make_category, owner, patch, refused, send, titles,
};

/// Everything in an answer but its time, its request's id and its path.
fn answer(reply: &Reply) -> (u16, Vec<String>, Value) {
    let own = ["content-length", "date", "x-request-id"];
    let others = reply.headers.iter().filter(|(name, _)| !own.contains(&name.as_str()));
    let mut headers: Vec<String> =
        others.map(|(name, value)| format!("{name}: {value:?}")).collect();
    headers.sort();
    let mut body: Value = serde_json::from_str(&reply.text).unwrap_or_default();
    if let Some(members) = body.as_object_mut() {
        members.remove("instance");
        members.remove("request_id");
    }
    (reply.status.as_u16(), headers, body)
}

#[actix_web::test]
async fn a_stranger_is_answered_as_if_it_were_not_there_and_changes_nothing() {
    let app = app();
    let (owner, stranger) = (sign_up(&app, "owner").client, sign_up(&app, "stranger").client);
    let category = make_category(&owner, "secret").await;
    let todo = make(&owner, json!({"title": "secret", "category_id": category})).await;
    let before = (owner.get(TODOS).await.text, owner.get(CATEGORIES).await.text);
    let category_path = format!("{CATEGORIES}/{category}");
    let (missing, missing_category) = (format!("{TODOS}/999999"), format!("{CATEGORIES}/999999"));
    let inside = |category: i64| json!({"title": "mine", "category_id": category});
    for (method, theirs, nobodys, body) in [
        (Method::GET, &todo, &missing, None),
        (Method::PUT, &todo, &missing, Some((json!({"title": "x"}), json!({"title": "x"})))),
        (Method::PATCH, &todo, &missing, Some((json!({"title": "x"}), json!({"title": "x"})))),
        (Method::DELETE, &todo, &missing, None),
        (Method::GET, &category_path, &missing_category, None),
        (
            Method::PUT,
            &category_path,
            &missing_category,
            Some((json!({"name": "x"}), json!({"name": "x"}))),
        ),
        (
            Method::PATCH,
            &category_path,
            &missing_category,
            Some((json!({"name": "x"}), json!({"name": "x"}))),
        ),
        (Method::DELETE, &category_path, &missing_category, None),
        (
            Method::POST,
            &TODOS.to_owned(),
            &TODOS.to_owned(),
            Some((inside(category), inside(999_999))),
        ),
        (
            Method::GET,
            &format!("{TODOS}?category={category}"),
            &format!("{TODOS}?category=999999"),
            None,
        ),
        (
            Method::DELETE,
            &format!("{TODOS}?category={category}"),
            &format!("{TODOS}?category=999999"),
            None,
        ),
    ] {
        let (one, other) = body.unzip();
        let theirs = send(&stranger, method.clone(), theirs, ("if-match", "*"), one).await;
        let nobodys = send(&stranger, method.clone(), nobodys, ("if-match", "*"), other).await;
        assert_eq!(answer(&theirs), answer(&nobodys), "{method}");
        assert!(!theirs.text.contains("secret"), "{}", theirs.text);
    }
    for collection in [TODOS, CATEGORIES] {
        assert_eq!(stranger.get(collection).await.json(), json!([]), "{collection}");
    }
    assert_eq!(delete(&stranger, TODOS).await.status, 204);
    let after = (owner.get(TODOS).await.text, owner.get(CATEGORIES).await.text);
    assert_eq!(after, before);
}

#[actix_web::test]
async fn a_to_do_cannot_be_put_into_somebody_elses_category() {
    let app = app();
    let (owner, stranger) = (sign_up(&app, "owner").client, sign_up(&app, "stranger").client);
    let category = make_category(&owner, "theirs").await;
    let path = make(&stranger, json!({"title": "mine"})).await;
    let into = json!({"title": "mine", "category_id": category});
    for reply in [
        stranger.post(TODOS, &into).await,
        send(&stranger, Method::PUT, &path, ("if-match", "*"), Some(into.clone())).await,
        patch(&stranger, &path, json!({"category_id": category})).await,
    ] {
        assert_eq!(refused(&reply.problem(422)), ("#/category_id", "not_found"));
    }
    assert_eq!(count(&app.scratch, "todos WHERE category_id IS NOT NULL"), 0);
    let sql = format!("UPDATE todos SET category_id = {category}");
    let by_hand =
        diesel::RunQueryDsl::execute(diesel::sql_query(sql), &mut app.scratch.connect().unwrap());
    assert!(by_hand.unwrap_err().to_string().contains("todos_category_owned"));
}

#[actix_web::test]
async fn categories_are_created_changed_and_named_once_by_each_person() {
    let app = app();
    let (owner, other) = (sign_up(&app, "owner").client, sign_up(&app, "other").client);
    let reply = owner.post(CATEGORIES, &json!({"name": " Home "})).await;
    assert_eq!((reply.status.as_u16(), reply.header("etag")), (201, "\"1\""), "{}", reply.text);
    let id = reply.json()["id"].as_i64().unwrap();
    let path = format!("{CATEGORIES}/{id}");
    assert_eq!(reply.header("location"), path);
    let whole = json!({"id": id, "url": format!("http://{}{path}", app.address()), "name": "Home"});
    assert_eq!(reply.json(), whole, "trimmed");
    assert_eq!(owner.get(&path).await.json(), whole);
    assert_eq!(owner.get(CATEGORIES).await.json(), json!([whole]));

    let taken = owner.post(CATEGORIES, &json!({"name": "Home"})).await;
    assert_eq!(refused(&taken.problem(409)), ("#/name", "taken"));
    make_category(&other, "Home").await;
    let work = format!("{CATEGORIES}/{}", make_category(&owner, "Work").await);
    let taken = patch(&owner, &work, json!({"name": "Home"})).await;
    assert_eq!(refused(&taken.problem(409)), ("#/name", "taken"));
    let renamed = patch(&owner, &work, json!({"name": "Garden"})).await;
    assert_eq!((renamed.status.as_u16(), &renamed.json()["name"]), (200, &json!("Garden")));
    let same = patch(&owner, &work, json!({})).await;
    assert_eq!((same.status.as_u16(), &same.json()["name"]), (200, &json!("Garden")));
    assert_eq!(delete(&owner, &work).await.status, 204);
    owner.get(&work).await.problem(404);
}

#[actix_web::test]
async fn each_bad_category_is_pointed_at() {
    let (app, client) = owner();
    let path = format!("{CATEGORIES}/{}", make_category(&client, "Home").await);
    for (body, place, code) in [
        (json!({"name": ""}), "#/name", "empty"),
        (json!({"name": "n".repeat(51)}), "#/name", "too_long"),
        (json!({"name": "a\u{0}b"}), "#/name", "control_character"),
        (json!({"name": null}), "#/name", ""),
        (json!({"name": "x", "color": "red"}), "#/color", "unknown_field"),
    ] {
        let post = client.post(CATEGORIES, &body).await;
        let put = send(&client, Method::PUT, &path, ("if-match", "*"), Some(body.clone())).await;
        for reply in [post, put, patch(&client, &path, body.clone()).await] {
            let problem = reply.problem(422);
            let (found_place, found_code) = refused(&problem);
            assert_eq!(found_place, place, "{body}");
            // Null is another type where a name is due, and a removal where a patch is.
            assert!(found_code == code || code.is_empty(), "{body}: {found_code}");
        }
    }
    assert_eq!(count(&app.scratch, "categories"), 1);
}

#[actix_web::test]
async fn to_dos_outlive_their_category() {
    let (app, client) = owner();
    let category = make_category(&client, "Home").await;
    for title in ["a", "b"] {
        make(&client, json!({"title": title, "category_id": category})).await;
    }
    let inside = format!("{TODOS}?category={category}");
    assert_eq!(titles(&client, &inside).await, ["a", "b"]);
    assert_eq!(delete(&client, &format!("{CATEGORIES}/{category}")).await.status, 204);
    assert_eq!(titles(&client, TODOS).await, ["a", "b"]);
    assert_eq!(titles(&client, &inside).await, [""; 0]);
    assert_eq!(count(&app.scratch, "todos WHERE category_id IS NULL"), 2);
}

#[actix_web::test]
async fn a_category_that_goes_while_to_dos_come_leaves_none_behind_in_it() {
    let (app, client) = owner();
    for round in 0..5 {
        let category = make_category(&client, &format!("{round}")).await;
        let adding = (0..6).map(|n| {
            let client = client.clone();
            async move {
                let path = format!("{CATEGORIES}/{category}");
                let todo = json!({"title": "a", "category_id": category});
                if n == 3 { delete(&client, &path).await } else { client.post(TODOS, &todo).await }
            }
        });
        for reply in join_all(adding).await {
            assert!([201, 204, 422].contains(&reply.status.as_u16()), "{}", reply.text);
        }
        assert_eq!(count(&app.scratch, "categories"), 0);
        assert_eq!(count(&app.scratch, "todos WHERE category_id IS NOT NULL"), 0);
    }
}

#[actix_web::test]
async fn there_is_room_for_a_hundred_categories() {
    let (app, client) = owner();
    make_category(&client, "first").await;
    let fill = "INSERT INTO categories (user_id, name)
                SELECT user_id, n FROM categories, generate_series(1, 99) AS n";
    assert_eq!(execute(&app.scratch, fill), 99);
    let full = client.post(CATEGORIES, &json!({"name": "one more"})).await;
    assert_eq!(refused(&full.problem(409)), ("#", "too_many"));
    assert_eq!(client.get(CATEGORIES).await.json().as_array().unwrap().len(), 100);
}

#[actix_web::test]
async fn an_account_that_goes_takes_what_it_owns_and_nothing_else() {
    let app = app();
    let (owner, other) = (sign_up(&app, "owner"), sign_up(&app, "other"));
    for person in [&owner, &other] {
        let category = make_category(&person.client, "Home").await;
        make(&person.client, json!({"title": "a", "category_id": category})).await;
    }
    execute(&app.scratch, &format!("DELETE FROM users WHERE id = {}", owner.user));
    for table in ["todos", "categories", "todo_usage"] {
        let left = format!("{table} WHERE user_id = {}", other.user);
        assert_eq!((count(&app.scratch, table), count(&app.scratch, &left)), (1, 1), "{table}");
    }
}
