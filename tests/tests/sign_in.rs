//! What somebody does with the whole backend: register, log in, keep to-dos, over two replicas.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use awc::http::Method;
use end_to_end::backend::Backend;
use end_to_end::person::{Device, PASSWORD, log_in, refresh, register, send};
use foundation::scratch::Scratch;
use local_services::Purpose;
use serde_json::json;

fn replica(scratch: &Scratch) -> Backend {
    Backend::start(|command| {
        command.envs(scratch.environment());
        command.args(["--bcrypt-cost", "6"]);
    })
    .unwrap()
}

#[actix_web::test]
async fn somebody_registers_logs_in_and_keeps_to_dos() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let backend = replica(&scratch);
    let base = backend.base();

    let todos = send(base, Method::GET, "/api/v1/todos", None, None).await;
    assert_eq!(todos.status, 401, "to-dos are somebody's");

    assert_eq!(register(base, "Ada@example.org").await.status, 201);
    assert_eq!(log_in(base, "ada@example.org", "wrong horse battery").await.status, 401);
    let ada = Device::of(&log_in(base, "ada@example.org", PASSWORD).await).unwrap();

    let token = Some(ada.access_token.as_str());
    let walk = json!({"title": "walk the dog"});
    let made = send(base, Method::POST, "/api/v1/todos", token, Some(&walk)).await;
    assert_eq!((made.status, &made.body["completed"]), (201, &json!(false)), "{made:?}");
    let path = format!("/api/v1/todos/{}", made.body["id"]);
    let done = json!({"completed": true});
    assert_eq!(send(base, Method::PATCH, &path, token, Some(&done)).await.status, 200);
    let todos = send(base, Method::GET, "/api/v1/todos", token, None).await;
    assert_eq!(todos.body[0]["title"], "walk the dog");
    assert_eq!(todos.body[0]["completed"], true, "a list from the cache is not from before");

    assert_eq!(register(base, "eve@example.org").await.status, 201);
    let eve = Device::of(&log_in(base, "eve@example.org", PASSWORD).await).unwrap();
    let theirs = send(base, Method::GET, &path, Some(&eve.access_token), None).await;
    assert_eq!(theirs.status, 404, "what is somebody else's is not there");
}

#[actix_web::test]
async fn a_replayed_refresh_token_ends_its_device_also_after_a_kill_and_on_another_replica() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let (mut first, second) = (replica(&scratch), replica(&scratch));
    assert_eq!(register(first.base(), "ada@example.org").await.status, 201);
    let device = |reply| Device::of(&reply).unwrap();
    let phone = device(log_in(first.base(), "ada@example.org", PASSWORD).await);
    let laptop = device(log_in(second.base(), "ada@example.org", PASSWORD).await);

    // Twice, as the last token may be repeated for a moment, for a response that got lost.
    let newer = device(refresh(first.base(), &phone.refresh_token).await);
    let newest = device(refresh(second.base(), &newer.refresh_token).await);
    first.signal("KILL").unwrap();
    first.wait().unwrap();
    let first = replica(&scratch);

    // Somebody else has the first token of the phone, and uses it on the replica that died.
    assert_eq!(refresh(first.base(), &phone.refresh_token).await.status, 401);
    assert_eq!(refresh(second.base(), &newest.refresh_token).await.status, 401, "the phone is out");
    assert_eq!(
        refresh(second.base(), &laptop.refresh_token).await.status,
        200,
        "the laptop is not"
    );
}

#[actix_web::test]
async fn a_limit_on_guesses_holds_on_two_replicas_and_after_both_were_killed() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let mut replicas = [replica(&scratch), replica(&scratch)];
    assert_eq!(register(replicas[0].base(), "ada@example.org").await.status, 201);
    let phone = Device::of(&log_in(replicas[1].base(), "ada@example.org", PASSWORD).await).unwrap();
    let mut verified = 0;
    for guess in 0..30 {
        if guess == 15 {
            for replica in &mut replicas {
                replica.signal("KILL").unwrap();
                replica.wait().unwrap();
            }
            replicas = [replica(&scratch), replica(&scratch)];
        }
        let reply = log_in(replicas[guess % 2].base(), "ada@example.org", "wrong horse battery");
        match reply.await.status {
            401 => verified += 1,
            status => assert_eq!(status, 429),
        }
    }
    assert_eq!(verified, 10, "as many as --login-limit says");
    let refreshed = refresh(replicas[0].base(), &phone.refresh_token).await;
    assert_eq!(refreshed.status, 200, "who is logged in already is left alone");
}
