//! Access tokens that are not what they seem. Each is an honest token with one thing changed.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use auth::MODULE;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use foundation::metrics::Metrics;
use foundation::module::Starting;
use foundation::testing::{Reply, TestApp, config};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};
use support::{Device, SESSIONS, app_with, flags, listed, log_in};

/// The key of the server under test, as its operator would write it down.
const KEY: &[u8] = b"a key of thirty-two bytes, or so";

fn keys(list: &[(&str, &[u8])]) -> String {
    let items = list.iter().map(|(id, key)| format!("{id}:{}", STANDARD.encode(key)));
    items.collect::<Vec<_>>().join(",")
}

fn now() -> i64 {
    chrono::Utc::now().timestamp()
}

/// What a token of this device says; header and claims may be changed before it is signed.
#[derive(Clone)]
struct Parts {
    header: Value,
    claims: Value,
}

impl Parts {
    fn honest(device: &Device) -> Self {
        let text = |part: usize| device.access.split('.').nth(part).unwrap();
        let json = |part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text(part)).unwrap());
        Self { header: json(0).unwrap(), claims: json(1).unwrap() }
    }

    fn header(mut self, member: &str, value: Value) -> Self {
        self.header[member] = value;
        self
    }

    fn claim(mut self, member: &str, value: Value) -> Self {
        self.claims[member] = value;
        self
    }

    fn without_header(mut self, member: &str) -> Self {
        self.header.as_object_mut().unwrap().remove(member).unwrap();
        self
    }

    fn without_claim(mut self, member: &str) -> Self {
        self.claims.as_object_mut().unwrap().remove(member).unwrap();
        self
    }

    fn message(&self) -> String {
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        format!("{}.{}", encode(&self.header), encode(&self.claims))
    }

    fn signed(&self, key: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(self.message().as_bytes());
        format!("{}.{}", self.message(), URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    fn signed_with_sha_512(&self, key: &[u8]) -> String {
        let mut mac = Hmac::<Sha512>::new_from_slice(key).unwrap();
        mac.update(self.message().as_bytes());
        format!("{}.{}", self.message(), URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    fn unsigned(&self) -> String {
        format!("{}.", self.message())
    }
}

/// Header members and algorithms.
fn forged_headers(honest: &Parts) -> Vec<(&'static str, String)> {
    let of = |member: &str, value: Value| honest.clone().header(member, value);
    let own_key = json!({"kty": "oct", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode("mine")});
    vec![
        ("alg none", of("alg", json!("none")).unsigned()),
        ("alg None", of("alg", json!("None")).unsigned()),
        ("alg none, signed all the same", of("alg", json!("none")).signed(KEY)),
        ("HS512 with the same key", of("alg", json!("HS512")).signed_with_sha_512(KEY)),
        ("HS512 in the header only", of("alg", json!("HS512")).signed(KEY)),
        ("RS256 header", of("alg", json!("RS256")).signed(KEY)),
        ("no alg", honest.clone().without_header("alg").signed(KEY)),
        ("embedded jwk, signed by it", of("jwk", own_key).signed(b"mine")),
        ("embedded jwk, signed by ours", of("jwk", json!({"kty": "oct"})).signed(KEY)),
        ("jku", of("jku", json!("https://evil.example/keys")).signed(KEY)),
        ("x5u", of("x5u", json!("https://evil.example/cert")).signed(KEY)),
        ("unknown crit", of("crit", json!(["exp-in-dog-years"])).signed(KEY)),
        ("unencoded payload", of("crit", json!(["b64"])).header("b64", json!(false)).signed(KEY)),
        ("unknown kid", of("kid", json!("other")).signed(KEY)),
        ("kid that is a path", of("kid", json!("../../dev/null")).signed(b"")),
        ("no kid", honest.clone().without_header("kid").signed(KEY)),
        ("any JWT", of("typ", json!("JWT")).signed(KEY)),
        ("no typ", honest.clone().without_header("typ").signed(KEY)),
    ]
}

/// Claims, signed with the right key.
fn forged_claims(honest: &Parts) -> Vec<(&'static str, String)> {
    let of = |member: &str, value: Value| honest.clone().claim(member, value).signed(KEY);
    let without = |member: &str| honest.clone().without_claim(member).signed(KEY);
    vec![
        ("expired by 1 s", of("exp", json!(now() - 1))),
        ("expires now", of("exp", json!(now()))),
        ("exp as text", of("exp", json!((now() + 60).to_string()))),
        ("missing exp", without("exp")),
        ("exp null", of("exp", Value::Null)),
        ("nbf ahead", of("nbf", json!(now() + 30))),
        ("missing nbf", without("nbf")),
        ("other audience", of("aud", json!("another-api"))),
        ("missing audience", without("aud")),
        ("other issuer", of("iss", json!("https://evil.example"))),
        ("missing issuer", without("iss")),
        ("no subject", without("sub")),
        ("subject that is no account", of("sub", json!("ada"))),
        ("no session", without("sid")),
    ]
}

/// Signatures, and what is no token of this kind at all.
fn forged_wholes(honest: &Parts, device: &Device) -> Vec<(&'static str, String)> {
    let good = &device.access;
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = message.split_once('.').unwrap();
    let other = honest.clone().claim("sub", json!("1000000"));
    let swapped = format!("{header}.{}.{signature}", other.message().split_once('.').unwrap().1);
    vec![
        ("tampered claims", swapped),
        ("tampered signature", format!("{message}.{}", "A".repeat(signature.len()))),
        ("signature cut short", good[..good.len() - 4].to_owned()),
        ("no signature", format!("{message}.")),
        ("weak key", honest.signed(b"secret")),
        ("empty key", honest.signed(b"")),
        ("one part too many", format!("{good}.{signature}")),
        ("two parts", message.to_owned()),
        ("refresh token", device.refresh.clone()),
        ("a kilobyte too long", format!("{message}.{}", "A".repeat(2_000))),
        ("dots", "..".to_owned()),
        ("nothing", String::new()),
    ]
}

fn body_without_request_id(reply: &Reply) -> Value {
    let mut body = reply.problem(401);
    body.as_object_mut().unwrap().remove("request_id");
    body
}

#[actix_web::test]
async fn every_forgery_is_refused_with_the_same_challenge_and_body() {
    let app = app_with(&["--token-keys", &keys(&[("now", KEY)])]);
    let device = log_in(&app.anonymous()).await;
    let honest = Parts::honest(&device);
    // The control: what the forgeries are made from is accepted, also when it is signed here.
    assert_eq!(listed(&app, &honest.signed(KEY)).await, [device.session]);
    let all = [forged_headers(&honest), forged_claims(&honest), forged_wholes(&honest, &device)];
    let mut told = Vec::new();
    for (name, token) in all.concat() {
        let reply = app.bearing(token).get(SESSIONS).await;
        assert_eq!(reply.status, 401, "{name}: {}", reply.text);
        let challenge = reply.header("www-authenticate");
        assert_eq!(challenge, "Bearer realm=\"show-your-work\", error=\"invalid_token\"", "{name}");
        told.push(body_without_request_id(&reply));
    }
    assert_eq!(told.len(), 44);
    assert!(told.iter().all(|body| *body == told[0]), "{told:?}");
}

#[actix_web::test]
async fn without_a_token_the_client_is_told_where_to_send_one() {
    let app = app_with(&[]);
    let client = app.anonymous();
    let access = log_in(&client).await.access;
    let basic = format!("Basic {access}");
    for headers in [vec![], vec![("authorization", basic.as_str())]] {
        let reply = client.send(actix_web::http::Method::GET, SESSIONS, &headers, None).await;
        reply.problem(401);
        assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"show-your-work\"");
    }
    let any_case = format!("bEaReR {access}");
    let headers = [("authorization", any_case.as_str())];
    let reply = client.send(actix_web::http::Method::GET, SESSIONS, &headers, None).await;
    assert_eq!(reply.status, 200, "the scheme's case is free (RFC 9110, section 11.1)");
}

#[actix_web::test]
async fn clocks_that_differ_are_forgiven_only_as_far_as_configured() {
    let app = app_with(&["--token-keys", &keys(&[("now", KEY)]), "--token-leeway", "60s"]);
    let honest = Parts::honest(&log_in(&app.anonymous()).await);
    let status = async |claim: &str, at: i64| {
        let token = honest.clone().claim(claim, json!(at)).signed(KEY);
        app.bearing(token).get(SESSIONS).await.status.as_u16()
    };
    assert_eq!(status("exp", now() - 1).await, 200);
    assert_eq!(status("exp", now() - 61).await, 401);
    assert_eq!(status("nbf", now() + 30).await, 200);
    assert_eq!(status("nbf", now() + 120).await, 401);
}

#[actix_web::test]
async fn a_key_is_replaced_without_logging_anybody_out() {
    let (old, new) = (("old", KEY), ("new", &b"another key, of as many bytes too"[..]));
    let server = |keys: &str, on: &TestApp| {
        TestApp::serving_on(&on.scratch, &[&MODULE], &flags(&["--token-keys", keys]))
    };
    let before = app_with(&["--token-keys", &keys(&[old])]);
    let during = server(&keys(&[new, old]), &before);
    let after = server(&keys(&[new]), &before);
    let signed_by_old = log_in(&before.anonymous()).await.access;
    let signed_by_new = log_in(&during.anonymous()).await.access;
    let status =
        async |app: &TestApp, token: &str| app.bearing(token).get(SESSIONS).await.status.as_u16();
    assert_eq!(status(&during, &signed_by_old).await, 200, "all keys verify");
    assert_eq!(status(&after, &signed_by_new).await, 200, "the first key signs");
    assert_eq!(status(&before, &signed_by_new).await, 401, "so add it everywhere first");
    assert_eq!(status(&after, &signed_by_old).await, 401, "and take it away last");
}

#[actix_web::test]
async fn replicas_without_keys_of_their_own_share_one() {
    let one = app_with(&[]);
    let other = TestApp::serving_on(&one.scratch, &[&MODULE], &flags(&[]));
    let device = log_in(&one.anonymous()).await;
    assert_eq!(listed(&other, &device.access).await, [device.session]);
}

#[test]
fn a_server_does_not_start_with_a_weak_key() {
    let scratch = foundation::scratch::Scratch::create(local_services::Purpose::Test).unwrap();
    for (keys, complaint) in [
        ("now:c2VjcmV0", "fewer than 256 bits"),
        ("now:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZQ", "fewer than 256 bits"),
        ("secret", "id:base64"),
    ] {
        let config = config(&["--bcrypt-cost", "4", "--token-keys", keys]);
        let metrics = Metrics::new().unwrap();
        let mut connection = scratch.connect().unwrap();
        let mut starting = Starting::new(&config, &metrics, &mut connection, None);
        let refused = auth::start(&mut starting).err().unwrap().to_string();
        assert!(refused.contains(complaint), "{refused}");
        assert!(!refused.contains(keys.trim_start_matches("now:")), "{refused}");
    }
}
