//! Oversized bodies: fill the server's memory, once announced and once not.

use actix_web::web::Bytes;
use evidence::Failure;
use futures_util::stream;

use super::Attack;
use super::attacker::{Attacker, JSON};

pub(super) const ATTACK: Attack = Attack {
    id: "oversized-body",
    name: "oversized body",
    what: "megabytes that the server kept",
    run: |attacker| Box::pin(attack(attacker)),
};

const MEGABYTE: usize = 1_000_000;
const MEGABYTES: usize = 8;

async fn attack(attacker: &Attacker<'_>) -> Result<u64, Failure> {
    let url = attacker.url("/lab/comments");
    let announced = attacker.client.post(&url).insert_header(JSON).send_body(chunks().concat());
    let mut taken = kept(announced.await).await;
    let chunks = chunks().into_iter().map(|chunk| Ok::<_, std::io::Error>(Bytes::from(chunk)));
    let unannounced = attacker.client.post(&url).insert_header(JSON);
    taken += kept(unannounced.send_stream(stream::iter(chunks)).await).await;
    Ok(taken)
}

/// An empty comment with so many megabytes beside it, in pieces.
fn chunks() -> Vec<Vec<u8>> {
    let mut chunks = vec![vec![b'x'; MEGABYTE]; MEGABYTES];
    chunks.insert(0, br#"{"text":"","filler":""#.to_vec());
    chunks.push(br#""}"#.to_vec());
    chunks
}

/// As the server itself says; one that closes the connection has kept nothing.
async fn kept(sent: Result<awc::ClientResponse, awc::error::SendRequestError>) -> u64 {
    let Ok(mut response) = sent else { return 0 };
    let body = response.json::<serde_json::Value>().await.unwrap_or_default();
    body["received"].as_u64().unwrap_or_default() / MEGABYTE as u64
}
