//! A run as server-sent events (HTML standard, section 9.2).

use std::convert::Infallible;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING};
use actix_web::{HttpResponse, web};
use futures_util::{Stream, stream};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::Study;
use super::runs::{Message, Runs};

/// Proxies cut connections that stay silent for longer than about a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What one watcher gets next.
struct Watcher {
    runs: Runs,
    receiver: Receiver<Message>,
    /// The first message, and whether the run is over with it.
    first: Option<(String, bool)>,
    over: bool,
}

/// Streams the current or last run: first as a whole, then what changes, then `finished`.
/// 204 when there was none yet, which tells the browser not to ask again.
pub(super) async fn watch(study: web::Data<Study>) -> HttpResponse {
    let Some((state, over, receiver)) = study.runs.watch() else {
        return HttpResponse::NoContent().finish();
    };
    let runs = study.runs.clone();
    let watcher = Watcher { runs, receiver, first: Some((state, over)), over: false };
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        // A compressor would hold messages back until it has enough of them.
        .insert_header((CONTENT_ENCODING, "identity"))
        .streaming(events(watcher))
}

fn events(watcher: Watcher) -> impl Stream<Item = Result<web::Bytes, Infallible>> {
    stream::unfold(watcher, |mut watcher| async move {
        let text = watcher.next().await?;
        Some((Ok(web::Bytes::from(text)), watcher))
    })
}

impl Watcher {
    async fn next(&mut self) -> Option<String> {
        if self.over {
            return None;
        }
        if let Some((state, over)) = self.first.take() {
            return Some(self.whole(&state, over));
        }
        match tokio::time::timeout(HEARTBEAT, self.receiver.recv()).await {
            Err(_) => Some(": still here\n\n".to_owned()),
            Ok(Ok(Message::Changed(html))) => Some(message("html", &html)),
            Ok(Ok(Message::Finished)) => {
                self.over = true;
                Some(message("finished", ""))
            }
            Ok(Err(RecvError::Lagged(_))) => {
                let (state, over) = self.runs.state();
                Some(self.whole(&state, over))
            }
            Ok(Ok(Message::Closed) | Err(RecvError::Closed)) => None,
        }
    }

    fn whole(&mut self, state: &str, over: bool) -> String {
        self.over = over;
        let end = if over { message("finished", "") } else { String::new() };
        message("html", state) + &end
    }
}

fn message(event: &str, data: &str) -> String {
    let mut text = format!("event: {event}\n");
    for line in data.split('\n') {
        text.push_str("data: ");
        text.push_str(line.trim_end_matches('\r'));
        text.push('\n');
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_survive_the_wire_format() {
        assert_eq!(message("html", "a\n\nb"), "event: html\ndata: a\ndata: \ndata: b\n\n");
        assert_eq!(message("finished", ""), "event: finished\ndata: \n\n");
    }
}
