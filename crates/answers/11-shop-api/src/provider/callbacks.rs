//! Telling the shop what was decided, until it listens.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use error_handling::Retry;

use super::Book;
use super::book::{Charged, Decided};
use crate::payments::callback::{Decision, Told};

/// For about an hour; a shop that was away for longer asks by itself.
const PERSISTENCE: Retry =
    Retry { attempts: 1_800, base: Duration::from_millis(50), cap: Duration::from_secs(4) };

/// Decides a charge when its time has come and tells every endpoint.
pub(super) async fn tell(book: Arc<Book>, key: String) {
    book.decision_time().await;
    let Some(charged) = book.decide(&key) else { return };
    let Charged { reference, order, amount_cents, decided, .. } = charged;
    let event = format!("evt_{}", reference.trim_start_matches("ch_"));
    let decision = Decision { order, reference, amount_cents };
    let told = match decided {
        Some(Decided::Declined) => Told::Declined(decision),
        _ => Told::Succeeded(decision),
    };
    let Ok(body) = serde_json::to_string(&told) else { return };
    for url in book.endpoints() {
        for _ in 0..book.copies(&key) {
            let (book, event, body) = (Arc::clone(&book), event.clone(), body.clone());
            let url = url.clone();
            actix_web::rt::spawn(async move { until_taken(&book, &url, &event, &body).await });
        }
    }
}

async fn until_taken(book: &Book, url: &str, event: &str, body: &str) {
    for tries in 1..=PERSISTENCE.attempts {
        if send(book, url, event, body).await {
            return;
        }
        tokio::time::sleep(PERSISTENCE.wait(tries)).await;
    }
}

/// One attempt, signed anew: a signature is believed for minutes only.
async fn send(book: &Book, url: &str, event: &str, body: &str) -> bool {
    let now = Utc::now().timestamp();
    let client = awc::Client::builder().timeout(Duration::from_secs(10)).finish();
    let post = client.post(url).insert_header(("content-type", "application/json"));
    let headers = book.settings.secret.headers(event, now, body.as_bytes());
    let signed = headers.into_iter().fold(post, awc::ClientRequest::insert_header);
    let sent = signed.send_body(body.to_owned());
    // 4xx as well: a shop that was started with another secret is corrected, and then listens.
    sent.await.is_ok_and(|response| response.status().is_success())
}
