//! A run as server-sent events (HTML standard, section 9.2).

use std::convert::Infallible;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING};
use actix_web::{HttpResponse, web};
use error_handling::Problem;
use futures_util::{Stream, stream};
use tokio::sync::broadcast::error::RecvError;

use super::Study;
use super::runs::{Message, Watching};

/// How soon it is noticed that a page is gone: only writing to a closed connection tells. Proxies,
/// which cut silent connections after about a minute, would be content with less.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// What one page gets next.
struct Follower {
    watching: Watching,
    over: bool,
}

/// Streams a run: first as a whole, then what changes, then `finished`. A browser that asks again for
/// a run that is forgotten gets 404, which tells it to stop asking.
pub(super) async fn watch(
    study: web::Data<Study>,
    number: web::Path<u64>,
) -> Result<HttpResponse, Problem> {
    let watching = study.runs.watch(*number).ok_or_else(|| Problem::not_found("run"))?;
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store"))
        // A compressor would hold messages back until it has enough of them.
        .insert_header((CONTENT_ENCODING, "identity"))
        .streaming(events(Follower { watching, over: false })))
}

fn events(follower: Follower) -> impl Stream<Item = Result<web::Bytes, Infallible>> {
    stream::unfold(follower, |mut follower| async move {
        let text = follower.next().await?;
        Some((Ok(web::Bytes::from(text)), follower))
    })
}

impl Follower {
    async fn next(&mut self) -> Option<String> {
        if self.over {
            return None;
        }
        if let Some((state, over)) = self.watching.first.take() {
            return Some(self.whole(&state, over));
        }
        match tokio::time::timeout(HEARTBEAT, self.watching.receiver.recv()).await {
            Err(_) => Some(": still here\n\n".to_owned()),
            Ok(Ok(Message::Changed(html))) => Some(message("html", &html)),
            Ok(Ok(Message::Finished)) => {
                self.over = true;
                Some(message("finished", ""))
            }
            Ok(Err(RecvError::Lagged(_))) => {
                let (state, over) = self.watching.state();
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
