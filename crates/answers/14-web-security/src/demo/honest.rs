//! Nine requests that hurt nobody and look as if they might.

use actix_web::http::Method;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use evidence::Failure;
use serde_json::json;

use crate::attacks::Attacker;
use crate::attacks::attacker::{Got, JSON, bearer, form};
use crate::lab::{JUDY, Lab, MALLORY};

/// How many there are.
pub(super) const ALL: u64 = 9;

/// How many of them this build serves as they are meant.
pub(super) async fn served(lab: &Lab) -> Result<u64, Failure> {
    let judy = Attacker::new(lab);
    let log_in = json!({"name": JUDY.1, "password": JUDY.2});
    let log_in = judy.post("/lab/log-in", &log_in).await?;
    // The password has an apostrophe. Where that is refused, she is let in to try the rest.
    let token = match bearer(&log_in) {
        Ok(token) => token,
        Err(_) => lab.let_in(JUDY.0)?,
    };
    let outcomes = [
        log_in.status.is_success(),
        search(&judy).await?,
        order(&judy, &token).await?,
        profile(&judy, &token).await?,
        file(&judy).await?,
        comment(&judy).await?,
        transfer(&judy, &token).await?,
        leave(&judy).await?,
        rename(&judy, &token).await?,
    ];
    Ok(outcomes.into_iter().filter(|served| *served).count() as u64)
}

async fn search(judy: &Attacker<'_>) -> Result<bool, Failure> {
    let query = form(&[("author", "1"), ("title", "O'Brien")]);
    let got = judy.get(&format!("/lab/notes?{query}")).await?;
    Ok(got.json().as_array().is_some_and(|notes| notes.len() == 5))
}

/// By the number or by what a build gives out instead.
async fn order(judy: &Attacker<'_>, token: &str) -> Result<bool, Failure> {
    let mut found = false;
    for id in ["26".to_owned(), URL_SAFE_NO_PAD.encode("26")] {
        let path = format!("/lab/orders/{id}");
        found |= with(judy, Method::GET, token, &path, "").await?.json()["item"] == "kite";
    }
    Ok(found)
}

async fn profile(judy: &Attacker<'_>, token: &str) -> Result<bool, Failure> {
    Ok(with(judy, Method::GET, token, "/lab/me", "").await?.json()["name"] == JUDY.1)
}

async fn file(judy: &Attacker<'_>) -> Result<bool, Failure> {
    let got = judy.get(&format!("/lab/files?{}", form(&[("name", "guide..txt")]))).await?;
    Ok(got.text == "Read me first.")
}

/// Somebody asks how to write a script element, and wants to read the question.
async fn comment(judy: &Attacker<'_>) -> Result<bool, Failure> {
    let text = "Where does <script> go -- head or body?";
    judy.post("/lab/comments", &json!({"text": text})).await?;
    let page = judy.get("/lab/comments").await?.text;
    Ok(page.contains(&text.replace('<', "&lt;").replace('>', "&gt;")))
}

async fn transfer(judy: &Attacker<'_>, token: &str) -> Result<bool, Failure> {
    let order = json!({"to": MALLORY.1, "amount": 5}).to_string();
    Ok(with(judy, Method::POST, token, "/lab/transfers", &order).await?.status.is_success())
}

async fn leave(judy: &Attacker<'_>) -> Result<bool, Failure> {
    let to = "/notes?source=https://lab.example/";
    let got = judy.get(&format!("/lab/leave?{}", form(&[("to", to)]))).await?;
    Ok(got.header("location") == to)
}

async fn rename(judy: &Attacker<'_>, token: &str) -> Result<bool, Failure> {
    let name = "Judy O'Neil";
    with(judy, Method::PATCH, token, "/lab/me", &json!({"name": name}).to_string()).await?;
    Ok(with(judy, Method::GET, token, "/lab/me", "").await?.json()["name"] == name)
}

async fn with(
    judy: &Attacker<'_>,
    method: Method,
    token: &str,
    path: &str,
    body: &str,
) -> Result<Got, Failure> {
    judy.send(method, path, &[("authorization", token), JSON], body).await
}
