//! Cross-site request forgery: a page elsewhere that spends the visitor's money.

use actix_web::http::Method;
use evidence::Failure;

use super::Attack;
use super::attacker::{Attacker, bearer, form};
use crate::lab::{ADA, MALLORY};

pub(super) const ATTACK: Attack = Attack {
    id: "csrf",
    name: "cross-site request forgery",
    what: "coins moved in the victim's name",
    run: |attacker| Box::pin(attack(attacker)),
};

/// What a browser adds when the page of somebody else sends it here.
const ELSEWHERE: [(&str, &str); 2] =
    [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];

/// The victim's browser, which is logged in, and ignores `SameSite` as old ones do. It sends what a
/// form can send, for which no browser asks beforehand.
async fn attack(attacker: &Attacker<'_>) -> Result<u64, Failure> {
    let victim = attacker.log_in(ADA).await?;
    let cookie = victim.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    let bearer = bearer(&victim)?;
    let balance = || async {
        let headers = [("authorization", bearer.as_str())];
        let got = attacker.send(Method::GET, "/lab/me", &headers, "").await?;
        got.json()["balance"].as_u64().ok_or_else(|| Failure::from("there is no balance"))
    };
    let before = balance().await?;
    let pairs = [("to", MALLORY.1), ("amount", "10")];
    // A field whose name begins the JSON and whose value ends it: `name=value` is the whole text.
    let json_in_a_form = r#"{"to":"mallory","amount":10,"filler":"="}"#;
    let forms = [
        ("application/x-www-form-urlencoded", form(&pairs)),
        ("text/plain", json_in_a_form.to_owned()),
    ];
    for (kind, body) in forms {
        let mut headers = vec![("cookie", cookie.as_str()), ("content-type", kind)];
        headers.extend(ELSEWHERE);
        attacker.send(Method::POST, "/lab/transfers", &headers, &body).await?;
    }
    Ok(before - balance().await?)
}
