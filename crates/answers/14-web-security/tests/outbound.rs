//! What the client for other people's addresses does and refuses: one claim a test.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use actix_web::http::header::{AUTHORIZATION, HeaderValue, LOCATION};
use actix_web::{HttpRequest, web};
use foundation::module::Module;
use foundation::testing::TestApp;
use web_security::{AddressClass, Outbound, OutboundError, OutboundRequest, OutboundSettings};

/// May call this machine, for its tests.
fn allowed() -> OutboundSettings {
    let allow = vec!["127.0.0.0/8".parse().unwrap()];
    OutboundSettings { allow, timeout: Duration::from_secs(10), ..OutboundSettings::default() }
}

/// Answers every connection with these pieces, a pause before each, and tells what it was sent.
fn partner(pause: Duration, pieces: &[&str]) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let pieces: Vec<String> = pieces.iter().map(|piece| (*piece).to_owned()).collect();
    let (tell, told) = channel();
    spawn(move || {
        for connection in listener.incoming() {
            let (mut connection, mut request) = (connection.unwrap(), [0; 4_096]);
            let read = connection.read(&mut request).unwrap_or_default();
            let _ = tell.send(String::from_utf8_lossy(&request[..read]).into_owned());
            for piece in &pieces {
                sleep(pause);
                if connection.write_all(piece.as_bytes()).is_err() {
                    break;
                }
            }
        }
    });
    (address, told)
}

fn at_once(response: &str) -> (SocketAddr, Receiver<String>) {
    partner(Duration::ZERO, &[response])
}

/// The partner closes after each response, and says so: otherwise the next call may be sent on a
/// connection that is being closed.
const CLOSE: &str = "connection: close\r\n";

fn redirect(to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\n{CLOSE}location: {to}\r\ncontent-length: 0\r\n\r\n")
}

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-kind: greeting\r\n\r\nhello";

#[actix_web::test]
async fn a_partner_on_this_machine_needs_to_be_allowed() {
    let (address, told) = at_once(HELLO);
    let url = format!("http://{address}/greeting?to=you");
    let refused = Outbound::new(OutboundSettings::default()).send(OutboundRequest::get(&url)).await;
    assert_eq!(refused.unwrap_err(), OutboundError::Refused(AddressClass::Loopback));
    assert!(told.try_recv().is_err(), "no connection was made");

    let response = Outbound::new(allowed()).send(OutboundRequest::get(&url)).await.unwrap();
    assert_eq!((response.status.as_u16(), &response.body[..]), (200, &b"hello"[..]));
    assert_eq!(response.headers.get("x-kind").unwrap(), "greeting");
    let request = told.recv().unwrap();
    assert!(request.starts_with("GET /greeting?to=you HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("host: {address}\r\n")), "{request}");
}

#[actix_web::test]
async fn a_name_is_called_at_the_address_that_was_checked() {
    let (address, told) = at_once(HELLO);
    let url = format!("http://localhost:{}/", address.port());
    let refused = Outbound::new(OutboundSettings::default()).send(OutboundRequest::get(&url)).await;
    assert_eq!(refused.unwrap_err(), OutboundError::Refused(AddressClass::Loopback));
    let allow = vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
    let outbound = Outbound::new(OutboundSettings { allow, ..allowed() });
    assert_eq!(outbound.send(OutboundRequest::get(&url)).await.unwrap().status.as_u16(), 200);
    assert!(told.recv().unwrap().contains("host: localhost:"));
}

#[actix_web::test]
async fn a_post_carries_its_body_and_headers() {
    let (address, told) = at_once("HTTP/1.1 204 No Content\r\n\r\n");
    let request = OutboundRequest::post(format!("http://{address}/hook"), "{\"event\":1}")
        .header(AUTHORIZATION, HeaderValue::from_static("Bearer of-the-partner"));
    let response = Outbound::new(allowed()).send(request).await.unwrap();
    assert_eq!(response.status.as_u16(), 204);
    let request = told.recv().unwrap();
    assert!(request.starts_with("POST /hook"), "{request}");
    assert!(request.contains("authorization: Bearer of-the-partner\r\n"), "{request}");
}

#[actix_web::test]
async fn a_redirect_is_an_answer_unless_one_asks_to_follow_it() {
    let (end, _told) = at_once(HELLO);
    let (start, _told) = at_once(&redirect(&format!("http://{end}/end")));
    let (outbound, request) =
        (Outbound::new(allowed()), OutboundRequest::get(format!("http://{start}/")));
    let response = outbound.send(request.clone()).await.unwrap();
    assert_eq!(response.status.as_u16(), 302);
    assert_eq!(response.headers.get(LOCATION).unwrap(), &format!("http://{end}/end"));
    let response = outbound.send(request.following(1)).await.unwrap();
    assert_eq!((response.status.as_u16(), &response.body[..]), (200, &b"hello"[..]));
}

#[actix_web::test]
async fn every_hop_is_checked_like_the_first() {
    let outbound = Outbound::new(allowed());
    let hops = [
        ("http://169.254.169.254/latest/meta-data/", AddressClass::Metadata),
        ("http://[::ffff:169.254.169.254]/", AddressClass::Metadata),
        ("http://10.0.0.1:8080/admin", AddressClass::Private),
        ("//192.168.1.1/", AddressClass::Private),
        ("http://[::1]/", AddressClass::Loopback),
        ("http://[fe80::1]/", AddressClass::LinkLocal),
        ("http://0x0.0.0.0/", AddressClass::Unspecified),
    ];
    for (to, class) in hops {
        let (start, _told) = at_once(&redirect(to));
        let request = OutboundRequest::get(format!("http://{start}/")).following(3);
        assert_eq!(
            outbound.send(request).await.unwrap_err(),
            OutboundError::Refused(class),
            "{to}"
        );
    }
    for to in ["file:///etc/passwd", "gopher://127.0.0.1:6379/", "http://user@127.0.0.1/"] {
        let (start, _told) = at_once(&redirect(to));
        let request = OutboundRequest::get(format!("http://{start}/")).following(3);
        let refused = outbound.send(request).await.unwrap_err();
        assert!(matches!(refused, OutboundError::BadUrl(_)), "{to}: {refused}");
    }
}

#[actix_web::test]
async fn a_circle_of_redirects_ends() {
    let (start, told) = at_once(&redirect("/again"));
    let request = OutboundRequest::get(format!("http://{start}/")).following(3);
    let response = Outbound::new(allowed()).send(request).await.unwrap();
    assert_eq!((response.status.as_u16(), told.try_iter().count()), (302, 4));
}

#[actix_web::test]
async fn what_was_meant_for_one_origin_is_not_sent_to_the_next() {
    let (end, end_told) = at_once(HELLO);
    let (start, start_told) = at_once(&redirect(&format!("http://{end}/")));
    let secret = HeaderValue::from_static("Bearer of-the-first");
    let request =
        OutboundRequest::get(format!("http://{start}/")).header(AUTHORIZATION, secret).following(1);
    Outbound::new(allowed()).send(request).await.unwrap();
    assert!(start_told.recv().unwrap().contains("of-the-first"));
    assert!(!end_told.recv().unwrap().contains("of-the-first"));
    let (start, _told) = at_once(&redirect(&format!("http://{end}/")));
    let request = OutboundRequest::post(format!("http://{start}/"), "secret").following(1);
    let response = Outbound::new(allowed()).send(request).await.unwrap();
    assert_eq!(response.status.as_u16(), 302, "a body is sent to nobody else");
}

#[actix_web::test]
async fn a_partner_that_drips_its_answer_is_given_up() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";
    let pieces: Vec<&str> = std::iter::once(head).chain(std::iter::repeat_n("a", 200)).collect();
    let (address, _told) = partner(Duration::from_millis(100), &pieces);
    let settings = OutboundSettings { timeout: Duration::from_millis(600), ..allowed() };
    let began = Instant::now();
    let request = OutboundRequest::get(format!("http://{address}/"));
    let outcome = Outbound::new(settings).send(request).await;
    assert_eq!(outcome.unwrap_err(), OutboundError::TimedOut);
    assert!(began.elapsed() < Duration::from_secs(15), "the drip alone takes twenty seconds");
}

#[actix_web::test]
async fn an_answer_over_the_limit_is_not_kept_announced_or_not() {
    let settings = || OutboundSettings { body_limit: 1_000, ..allowed() };
    let body = "x".repeat(1_001);
    let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n{body}");
    let chunked =
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3e9\r\n{body}\r\n0\r\n\r\n");
    for response in [announced, chunked] {
        let (address, _told) = at_once(&response);
        let request = OutboundRequest::get(format!("http://{address}/"));
        let outcome = Outbound::new(settings()).send(request).await;
        assert_eq!(outcome.unwrap_err(), OutboundError::TooLarge);
    }
    let fits = format!("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{}", &body[1..]);
    let (address, _told) = at_once(&fits);
    let request = OutboundRequest::get(format!("http://{address}/"));
    assert_eq!(Outbound::new(settings()).send(request).await.unwrap().body.len(), 1_000);
}

#[actix_web::test]
async fn nobody_there_no_name_and_no_http_are_unreachable() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (garbage, _told) = at_once("220 mail.example ESMTP\r\n");
    let urls = [
        format!("http://{free}/"),
        format!("http://{garbage}/"),
        format!("https://{garbage}/"),
        "http://no-such-name.invalid/".to_owned(),
    ];
    let outbound = Outbound::new(allowed());
    for url in urls {
        let outcome = outbound.send(OutboundRequest::get(&url)).await;
        assert_eq!(outcome.unwrap_err(), OutboundError::Unreachable, "{url}");
    }
}

#[test]
fn any_thread_may_call_also_one_without_a_runtime_of_its_own() {
    let (address, _told) = at_once(HELLO);
    let outbound = Outbound::new(allowed());
    let callers = (0..4).map(|_| {
        let (outbound, url) = (outbound.clone(), format!("http://{address}/"));
        spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let call = async move { outbound.send(OutboundRequest::get(url)).await };
            runtime.block_on(runtime.spawn(call)).unwrap().unwrap().status.as_u16()
        })
    });
    let callers: Vec<_> = callers.collect();
    let statuses: Vec<u16> = callers.into_iter().map(|caller| caller.join().unwrap()).collect();
    assert_eq!(statuses, [200; 4]);
}

/// An answer that calls what its client names.
static CALLER: Module = Module {
    routes: |config| {
        config.route("/call", web::get().to(call));
    },
    start: |starting| {
        let outbound = web::Data::new(Outbound::start(starting)?);
        Ok(Arc::new(move |config| {
            config.app_data(outbound.clone());
        }))
    },
    jobs: &[],
};

async fn call(outbound: web::Data<Outbound>, request: HttpRequest) -> String {
    match outbound.send(OutboundRequest::get(request.query_string())).await {
        Ok(response) => response.status.to_string(),
        Err(error) => error.to_string(),
    }
}

#[actix_web::test]
async fn a_server_calls_what_its_settings_allow() {
    let (address, _told) = at_once(HELLO);
    let path = format!("/call?http://{address}/");
    let strict = TestApp::serving(&[&CALLER], &[]);
    assert_eq!(strict.anonymous().get(&path).await.text, "the host has a loopback address");
    let flags = ["--outbound-allow", "127.0.0.0/8,10.1.0.0/16", "--outbound-timeout", "20s"];
    let allowing = TestApp::serving(&[&CALLER], &flags);
    assert_eq!(allowing.anonymous().get(&path).await.text, "200 OK");
}
