//! A bank that takes its time to answer: what makes a charge slow for the worker that asks.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::{HttpResponse, web};
use foundation::testing::Outsider;
use serde::Deserialize;
use serde_json::json;

/// Listens on loopback until it is dropped, and says yes to every charge.
pub(super) struct Bank {
    asked: Arc<AtomicU64>,
    outsider: Outsider,
}

#[derive(Deserialize)]
struct Asked {
    order: i64,
}

impl Bank {
    pub(super) fn open(answers_after: Duration) -> io::Result<Self> {
        let asked = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&asked);
        let outsider = Outsider::start("bank", move |config| {
            let counter = Arc::clone(&counter);
            let charge = move |body: web::Json<Asked>| {
                counter.fetch_add(1, Ordering::Relaxed);
                async move {
                    tokio::time::sleep(answers_after).await;
                    let reference = format!("ch_{}", body.order);
                    HttpResponse::Ok().json(json!({"reference": reference, "status": "succeeded"}))
                }
            };
            config.route("/charges", web::post().to(charge));
        })?;
        Ok(Self { asked, outsider })
    }

    pub(super) fn url(&self) -> String {
        self.outsider.url()
    }

    /// How often it was asked for money.
    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}
