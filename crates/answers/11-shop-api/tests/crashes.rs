//! Ten servers killed with 9 in the middle of a sale, and buyers who try until they are answered.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use auth::testing::sign_up;
use foundation::scratch::Scratch;
use foundation::testing::{count, execute};
use futures_util::future::join_all;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use support::{app, line, on_sale, stock_of};

const KILLS: usize = 10;
const STOCK: i64 = 100_000;

/// `shop-api serve`, killed when dropped.
struct Process(Child);

impl Process {
    /// Returns when it serves.
    fn start(scratch: &Scratch, port: u16) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_shop-api"))
            .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--log", "error"])
            .args(["--rate-limit", "0", "--user-rate-limit", "0", "--http-workers", "1"])
            .args(["--database-write-threads", "4", "--shop-reserved-per-person", "0"])
            .env("DATABASE_URL", scratch.url().expose_secret())
            .env_remove("REDIS_URL")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("http://"), "{line:?}");
        Self(child)
    }

    /// Kills it. Those who repeat a request that it had begun would have to wait until its claim on
    /// their key ends; that end comes now instead.
    fn kill_9(mut self, scratch: &Scratch) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
        execute(
            scratch,
            "UPDATE idempotency_keys SET running_until = now() - interval '1 second'
             WHERE status IS NULL",
        );
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One attempt; the order, if this was answered with one.
async fn attempt(url: &str, token: &str, key: &str) -> Option<i64> {
    let client = awc::Client::builder().timeout(Duration::from_secs(20)).finish();
    let wish = json!({"lines": [line("shoe", 1)]});
    let sent = client
        .post(url)
        .insert_header(("authorization", format!("Bearer {token}")))
        .insert_header(("idempotency-key", format!("\"{key}\"")))
        .send_json(&wish);
    let mut response = sent.await.ok()?;
    if response.status() != 201 {
        assert!([409, 503].contains(&response.status().as_u16()), "{}", response.status());
        return None;
    }
    response.json::<Value>().await.ok()?["id"].as_i64()
}

#[actix_web::test]
async fn ten_kills_in_a_sale_lose_no_confirmed_order_and_no_piece_of_stock() {
    let app = app();
    let scratch = app.scratch.clone();
    on_sale(&scratch, "shoe", 4_990, STOCK);
    let token = sign_up(&app, "buyer").token;
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}{}", support::ORDERS);
    let (over, confirmed) = (Cell::new(false), RefCell::new(Vec::new()));
    let buyers = (0..8).map(async |buyer: usize| {
        let mut wishes = 0;
        while !over.get() {
            wishes += 1;
            let key = format!("{buyer}-{wishes}");
            // Until there is an answer, also after the last kill: only that tells what became of it.
            let order = loop {
                match attempt(&url, &token, &key).await {
                    Some(order) => break order,
                    None => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            };
            confirmed.borrow_mut().push(order);
        }
    });
    let killer = async {
        for _ in 0..KILLS {
            let (scratch, before) = (scratch.clone(), confirmed.borrow().len());
            let start = move || Process::start(&scratch, port);
            let server = actix_web::web::block(start).await.unwrap();
            // In the middle of the work: some orders are confirmed, some under way.
            while confirmed.borrow().len() < before + 10 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            server.kill_9(&app.scratch);
        }
        let last = Process::start(&app.scratch, port);
        over.set(true);
        last
    };
    let (_last, _) = tokio::join!(killer, join_all(buyers));

    let confirmed = confirmed.into_inner();
    let distinct: BTreeSet<i64> = confirmed.iter().copied().collect();
    assert!(confirmed.len() >= 10 * KILLS, "{}", confirmed.len());
    assert_eq!(distinct.len(), confirmed.len(), "no two wishes were one order");
    let orders = usize::try_from(count(&scratch, "shop_orders")).unwrap();
    assert_eq!(orders, confirmed.len(), "no wish was two orders, and none is lost");
    let reserved = i64::try_from(orders).unwrap();
    assert_eq!(stock_of(&scratch, "shoe"), (STOCK - reserved, reserved, 0));
    assert_eq!(count(&scratch, "background_jobs"), reserved, "each is charged for, once");
    assert_eq!(count(&scratch, "shop_order_lines"), reserved);
}
