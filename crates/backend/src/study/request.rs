//! Starting, stopping and picturing a run.

use std::collections::BTreeMap;

use actix_web::http::header::{ACCEPT, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use error_handling::{InvalidField, Problem};
use evidence::{Answer, Scale, Switch, Unit};
use serde::Serialize;

use super::digest::Digest;
use super::runs::Wish;
use super::{Study, assets};
use crate::answers::switches;

/// The body of a 202.
#[derive(Serialize)]
struct Accepted {
    /// The answer whose demo runs.
    answer: &'static str,
    /// How many runs are in front of it.
    position: usize,
    /// What to follow, in this order: the run without the switch first, where there is none yet.
    follow: Vec<Follow>,
}

/// Where one run is followed and stopped.
#[derive(Serialize)]
struct Follow {
    run: u64,
    events: String,
    stop: String,
}

impl Follow {
    fn of(run: u64) -> Self {
        Self { run, events: format!("/runs/{run}/events"), stop: format!("/runs/{run}/stop") }
    }
}

/// Puts the demo of an answer in line: 202 for a script, 303 back to its page for a plain form.
pub(super) async fn start(
    request: HttpRequest,
    study: web::Data<Study>,
    slug: web::Path<String>,
    form: web::Form<BTreeMap<String, String>>,
) -> Result<HttpResponse, Problem> {
    study.policy.admit(&request)?;
    let (answer, digest) = study.find(&slug).ok_or_else(|| Problem::not_found("answer"))?;
    let wish = wish(&form, answer, digest)?;
    let switch = wish.switch;
    let ticket = study.runs.ask(answer, wish)?;
    if !wants_json(&request) {
        return Ok(match switch {
            Some(switch) => back_to(&format!("/interviewer/{}#{}", answer.slug, switch.name)),
            None => back_to(&format!("/answers/{}#run", answer.slug)),
        });
    }
    let follow: Vec<Follow> =
        ticket.first.into_iter().chain([ticket.number]).map(Follow::of).collect();
    let location = follow.first().map(|one| one.events.clone()).unwrap_or_default();
    let accepted = Accepted { answer: answer.slug, position: ticket.position, follow };
    Ok(HttpResponse::Accepted().insert_header((LOCATION, location)).json(accepted))
}

/// Asks a run to stop, or takes it out of the line; harmless when it is over.
pub(super) async fn stop(
    request: HttpRequest,
    study: web::Data<Study>,
    number: web::Path<u64>,
) -> Result<HttpResponse, Problem> {
    study.policy.admit(&request)?;
    let (runs, number) = (study.runs.clone(), *number);
    let slug = runs.slug_of(number).ok_or_else(|| Problem::not_found("run"))?;
    // A hook may wait for the database, so it must not hold up a worker.
    let _ = web::block(move || runs.stop(number)).await;
    if wants_json(&request) {
        return Ok(HttpResponse::NoContent().finish());
    }
    Ok(back_to(&format!("/answers/{slug}#run")))
}

/// A chart of a run.
pub(super) async fn picture(
    request: HttpRequest,
    study: web::Data<Study>,
    path: web::Path<(u64, String)>,
) -> Result<HttpResponse, Problem> {
    let (number, id) = path.into_inner();
    let svg = study.runs.picture(number, &id).ok_or_else(|| Problem::not_found("picture"))?;
    Ok(assets::picture(&request, svg))
}

fn back_to(address: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, address)).finish()
}

fn wants_json(request: &HttpRequest) -> bool {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/json"))
}

/// Reads the form; a field left empty keeps its default.
fn wish(
    form: &BTreeMap<String, String>,
    answer: &Answer,
    digest: &Digest,
) -> Result<Wish, Problem> {
    let mut wish = Wish { seed: 42, ..Wish::default() };
    let mut refused = Vec::new();
    for (name, value) in form.iter().filter(|(_, value)| !value.trim().is_empty()) {
        let understood = match name.as_str() {
            "scale" => scale(value).map(|scale| wish.scale = scale),
            "seed" => value.trim().parse().ok().map(|seed| wish.seed = seed),
            "switch" => switch(value, answer).map(|one| wish.switch = Some(one)),
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

/// A switch that the demo of this answer has.
fn switch(name: &str, answer: &Answer) -> Option<&'static Switch> {
    switches(answer).iter().find(|switch| switch.name == name)
}

/// A guess for a prediction that the recorded run asked.
fn guess(name: &str, value: &str, digest: &Digest) -> Option<(String, f64)> {
    let id = name.strip_prefix("guess.")?;
    let unit = digest.predictions.iter().find(|known| known.id == id)?.unit;
    let number: f64 = value.trim().parse().ok().filter(|number: &f64| number.is_finite())?;
    Some((id.to_owned(), number * entered_in(unit).1))
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
