//! Starting, stopping and picturing a run.

use std::collections::BTreeMap;

use actix_web::http::header::{ACCEPT, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use error_handling::{InvalidField, Problem};
use evidence::{Scale, Unit};
use serde::Serialize;

use super::Study;
use super::assets;
use super::digest::Digest;
use super::runs::Wish;

/// The body of a 202.
#[derive(Serialize)]
struct Accepted {
    /// The answer whose demo runs.
    answer: &'static str,
    /// Where to watch it.
    events: &'static str,
}

const EVENTS: &str = "/runs/current/events";

/// Starts the demo of an answer: 202 for a script, 303 back to the page for a plain form.
pub(super) async fn start(
    request: HttpRequest,
    study: web::Data<Study>,
    slug: web::Path<String>,
    form: web::Form<BTreeMap<String, String>>,
) -> Result<HttpResponse, Problem> {
    study.policy.admit(&request)?;
    let (answer, digest) = study.find(&slug).ok_or_else(|| Problem::not_found("answer"))?;
    study.runs.start(answer, wish(&form, digest)?)?;
    if wants_json(&request) {
        let accepted = Accepted { answer: answer.slug, events: EVENTS };
        return Ok(HttpResponse::Accepted().insert_header((LOCATION, EVENTS)).json(accepted));
    }
    Ok(back_to(answer.slug))
}

/// Asks the current run to stop; harmless when there is none.
pub(super) async fn stop(
    request: HttpRequest,
    study: web::Data<Study>,
) -> Result<HttpResponse, Problem> {
    study.policy.admit(&request)?;
    let running = study.runs.running();
    // A hook may wait for the database, so it must not hold up a worker.
    let runs = study.runs.clone();
    let _ = web::block(move || runs.stop()).await;
    match running {
        Some(slug) if !wants_json(&request) => Ok(back_to(slug)),
        _ => Ok(HttpResponse::NoContent().finish()),
    }
}

/// A chart of the current run.
pub(super) async fn picture(
    request: HttpRequest,
    study: web::Data<Study>,
    path: web::Path<(u64, String)>,
) -> Result<HttpResponse, Problem> {
    let (number, id) = path.into_inner();
    let svg = study.runs.picture(number, &id).ok_or_else(|| Problem::not_found("picture"))?;
    Ok(assets::picture(&request, svg))
}

fn back_to(slug: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, format!("/answers/{slug}#run"))).finish()
}

fn wants_json(request: &HttpRequest) -> bool {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/json"))
}

/// Reads the form; a field left empty keeps its default.
fn wish(form: &BTreeMap<String, String>, digest: &Digest) -> Result<Wish, Problem> {
    let mut wish = Wish { seed: 42, ..Wish::default() };
    let mut refused = Vec::new();
    for (name, value) in form.iter().filter(|(_, value)| !value.trim().is_empty()) {
        let understood = match name.as_str() {
            "scale" => scale(value).map(|scale| wish.scale = scale),
            "seed" => value.trim().parse().ok().map(|seed| wish.seed = seed),
            _ => guess(name, value, digest).map(|guess| wish.guesses.extend([guess])),
        };
        if understood.is_none() {
            let detail = "Not a value that this field takes.";
            refused.push(InvalidField::body(&format!("/{name}"), "not_understood", detail));
        }
    }
    if refused.is_empty() { Ok(wish) } else { Err(Problem::invalid(refused)) }
}

fn scale(name: &str) -> Option<Scale> {
    [Scale::Quick, Scale::Default, Scale::Full].into_iter().find(|scale| scale.to_string() == name)
}

/// A guess for a prediction that the recorded run asked.
fn guess(name: &str, value: &str, digest: &Digest) -> Option<(String, f64)> {
    let id = name.strip_prefix("guess.")?;
    let (_, _, unit) = digest.predictions.iter().find(|(known, _, _)| known == id)?;
    let number: f64 = value.trim().parse().ok().filter(|number: &f64| number.is_finite())?;
    Some((id.to_owned(), number * entered_in(*unit).1))
}

/// Name and size of the unit that a guess is entered in.
pub(super) fn entered_in(unit: Unit) -> (&'static str, f64) {
    match unit {
        Unit::Count => ("", 1.0),
        Unit::Buffers => ("buffers", 1.0),
        Unit::Bytes => ("MB", 1e6),
        Unit::Seconds => ("ms", 1e-3),
        Unit::PerSecond => ("per second", 1.0),
        Unit::Times => ("times", 1.0),
        Unit::Percent => ("%", 1.0),
    }
}
