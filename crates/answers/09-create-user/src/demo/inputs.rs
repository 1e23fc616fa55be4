//! What clients send by mistake or on purpose, and the one right answer to each.

use std::sync::Arc;

use actix_web::http::Method;
use evidence::{Failure, Quantity, Stage};
use foundation::scratch::{Scratch, number};
use foundation::testing::{Client, Reply};
use serde_json::{Value, json};

use super::serve;

const USERS: &str = "/api/v1/users";

/// One bad input: what is sent, and the status, place and code that say what is wrong with it.
struct BadInput {
    name: &'static str,
    media_type: &'static str,
    body: Vec<u8>,
    status: u16,
    told: &'static str,
}

/// Puts every input to a whole server, over HTTP. Returns how many there are.
pub(super) fn refuse(stage: &Stage, scratch: &Arc<Scratch>) -> Result<u64, Failure> {
    let inputs: Vec<BadInput> = bodies().into_iter().chain(fields()).chain(forms()).collect();
    stage.step(format!("{} bad inputs, put to the real server over HTTP", inputs.len()));
    let mut connection = scratch.connect()?;
    diesel::connection::SimpleConnection::batch_execute(&mut connection, "TRUNCATE users CASCADE")?;
    let app = serve(scratch);
    let client = app.anonymous();
    let replies = actix_web::rt::System::new().block_on(async {
        for email in OWNED {
            client.post(USERS, &registration("email", json!(email))).await;
        }
        let mut replies = Vec::with_capacity(inputs.len());
        for input in &inputs {
            replies.push(send(&client, input).await);
        }
        replies
    });
    let stored = number(&mut connection, "SELECT count(*) FROM users")?;
    judge(stage, &inputs, &replies, stored);
    Ok(inputs.len() as u64)
}

async fn send(client: &Client, input: &BadInput) -> Reply {
    let headers = [("content-type", input.media_type)];
    client.send(Method::POST, USERS, &headers, Some(input.body.clone())).await
}

fn judge(stage: &Stage, inputs: &[BadInput], replies: &[Reply], stored: u64) {
    let lines: Vec<String> = inputs
        .iter()
        .zip(replies)
        .map(|(input, reply)| {
            format!("{:<40} {} {}", input.name, reply.status.as_u16(), told(reply))
        })
        .collect();
    stage.code("Each input and its answer", lines.join("\n"));
    let pairs = || inputs.iter().zip(replies);
    let other: Vec<&str> = pairs()
        .filter(|(input, reply)| reply.status != input.status || told(reply) != input.told)
        .map(|(input, _)| input.name)
        .collect();
    let all = inputs.len();
    stage.measure("bad-inputs", "bad inputs", Quantity::count(all as u64));
    stage.check(
        "every-bad-input-has-its-answer",
        match other.as_slice() {
            [] => format!("{all} of {all} get exactly their status, pointer and code"),
            names => format!("answered otherwise: {}", names.join(", ")),
        },
        other.is_empty() && all >= 20,
    );
    let failures = replies.iter().filter(|reply| reply.status.is_server_error()).count();
    stage.check(
        "no-input-is-a-500",
        format!("{failures} of {all} are answered 500"),
        failures == 0,
    );
    let problems = replies.iter().filter(|reply| is_problem(reply)).count();
    stage.check(
        "every-refusal-is-a-problem",
        format!("{problems} of {all} are application/problem+json with a request id"),
        problems == all,
    );
    stage.check(
        "forms-of-an-address-meet",
        format!("{} other forms of {} addresses found their accounts", forms().len(), OWNED.len()),
        stored == OWNED.len() as u64
            && pairs().filter(|(input, reply)| input.status == 409 && reply.status == 409).count()
                == forms().len(),
    );
}

/// Place and code of the first error, as in `#/email empty`; nothing where there is none.
fn told(reply: &Reply) -> String {
    let body: Value = serde_json::from_str(&reply.text).unwrap_or_default();
    let error = &body["errors"][0];
    let part = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    format!("{} {}", part("pointer"), part("code")).trim().to_owned()
}

fn is_problem(reply: &Reply) -> bool {
    let body: Value = serde_json::from_str(&reply.text).unwrap_or_default();
    reply.header("content-type") == error_handling::MEDIA_TYPE
        && body["status"] == reply.status.as_u16()
        && body["request_id"] == reply.header("x-request-id")
        && body["request_id"] != ""
}

/// A good registration but for one member.
fn registration(member: &str, value: Value) -> Value {
    let mut body = json!({
        "email": "new@example.org", "name": "Somebody", "password": "correct horse battery",
    });
    body[member] = value;
    body
}

fn raw(name: &'static str, body: impl Into<Vec<u8>>, status: u16, told: &'static str) -> BadInput {
    BadInput { name, media_type: "application/json", body: body.into(), status, told }
}

fn field(
    name: &'static str,
    member: &str,
    value: impl Into<Value>,
    told: &'static str,
) -> BadInput {
    raw(name, registration(member, value.into()).to_string(), 422, told)
}

/// Bodies that are no registration at all.
fn bodies() -> Vec<BadInput> {
    let good = registration("name", json!("Somebody")).to_string();
    let long = registration("name", json!("x".repeat(1_500_000))).to_string();
    let twice = good.replacen('{', r#"{"email":"first@example.org","#, 1);
    let cut_off = good[..good.len() - 1].to_owned();
    let list = r#"["new@example.org","Somebody","correct horse battery"]"#;
    let lone = good.replace("new@", r"\ud800@");
    let mut bytes = good.clone().into_bytes();
    bytes[12] = 0xff;
    vec![
        raw("nothing", "", 400, ""),
        raw("half a body", cut_off, 400, ""),
        raw("lone surrogate", lone, 400, ""),
        raw("bytes that are not UTF-8", bytes, 400, ""),
        raw("nested 5 000 deep", "[".repeat(5_000), 400, ""),
        raw("string of 1.5 MB", long, 413, ""),
        BadInput { media_type: "text/plain", ..raw("wrong media type", good.clone(), 415, "") },
        BadInput { media_type: "", ..raw("no media type", good, 415, "") },
        raw("list instead of an object", list, 422, "# wrong_type"),
        raw("duplicate member", twice, 422, "#/email duplicate_field"),
    ]
}

/// One bad field each.
fn fields() -> Vec<BadInput> {
    let (email, name, password) = ("email", "name", "password");
    let long_local = format!("{}@example.org", "a".repeat(65));
    vec![
        field("unknown member", "is_admin", true, "#/is_admin unknown_field"),
        field("number as address", email, 17, "#/email wrong_type"),
        field("address without @", email, "example.org", "#/email not_an_address"),
        field("two @", email, "a@b@example.org", "#/email not_an_address"),
        field("address on this machine", email, "root@localhost", "#/email not_an_address"),
        field("NUL in the address", email, "a\0b@example.org", "#/email control_character"),
        field("zero-width space", email, "ne\u{200b}w@example.org", "#/email invisible_character"),
        field("text direction turned", email, "\u{202e}a@b.org", "#/email invisible_character"),
        field("long local part", email, long_local, "#/email too_long"),
        field("NUL in the name", name, "Some\0body", "#/name control_character"),
        field("name that cannot be seen", name, "\u{200b}\u{2060}", "#/name empty"),
        field("name of 101 characters", name, "n".repeat(101), "#/name too_long"),
        field("short password", password, "elevenchars", "#/password too_short"),
        field("password of 129 characters", password, "x1".repeat(65), "#/password too_long"),
        field("password a run of letters", password, "abcdefghijklm", "#/password guessable"),
        field("password the address", password, "new@example.org", "#/password guessable"),
    ]
}

/// Addresses that have an account.
const OWNED: [&str; 3] = ["ada@example.org", "zo\u{eb}@example.org", "eva@b\u{fc}cher.example"];

/// Other forms of the same addresses.
fn forms() -> Vec<BadInput> {
    let forms = [
        ("taken, in capitals", "ADA@EXAMPLE.ORG"),
        ("taken, with spaces around", "  ada@example.org "),
        ("taken, full-width", "ａｄａ＠ｅｘａｍｐｌｅ．ｏｒｇ"),
        ("taken, decomposed (NFD)", "zoe\u{308}@example.org"),
        ("taken, domain in its ASCII form", "eva@xn--bcher-kva.example"),
    ];
    forms
        .map(|(name, email)| {
            raw(name, registration("email", json!(email)).to_string(), 409, "#/email taken")
        })
        .into()
}
