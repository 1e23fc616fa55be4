//! Stored XSS: a comment that runs in the browser of whoever reads it.

use evidence::Failure;
use serde_json::json;

use super::Attack;
use super::attacker::{Attacker, Got};

pub(super) const ATTACK: Attack = Attack {
    id: "stored-xss",
    name: "stored XSS",
    what: "comments that would run",
    run: |attacker| Box::pin(attack(attacker)),
};

/// Ways to have a script run; only the first is in every filter.
const COMMENTS: [&str; 5] = [
    "<script>steal(1)</script>",
    "<ScRiPt>steal(2)</ScRiPt>",
    "<img src=x onerror=steal(3)>",
    "<svg onload=steal(4)>",
    "<scr<script>ipt>steal(5)</scr</script>ipt>",
];

async fn attack(attacker: &Attacker<'_>) -> Result<u64, Failure> {
    for text in COMMENTS {
        attacker.post("/lab/comments", &json!({"text": text})).await?;
    }
    Ok(running(&attacker.get("/lab/comments").await?))
}

/// Elements of ours that a browser would make of the page, unless its policy forbids inline code.
fn running(page: &Got) -> u64 {
    let policy = page.header("content-security-policy");
    if !policy.is_empty() && !policy.contains("'unsafe-inline'") {
        return 0;
    }
    let text = page.text.to_lowercase();
    let opened = |tag: &str| text.matches(tag).count() as u64;
    opened("<script>steal(") + opened("<img src=x onerror=steal(") + opened("<svg onload=steal(")
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::http::header::HeaderMap;

    use super::*;

    #[test]
    fn what_is_escaped_does_not_run_and_what_is_not_does() {
        let page = |text: &str| Got {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            text: text.to_owned(),
        };
        assert_eq!(running(&page(&COMMENTS[..4].join(""))), 4);
        assert_eq!(running(&page(&COMMENTS.join("").replace('<', "&lt;"))), 0);
    }
}
