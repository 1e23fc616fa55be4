//! Try the API: register, log in, and call every endpoint from the page.
//!
//! The forms are made from the same description that `/openapi.json` gives; a script sends them and
//! shows request and response as they went. Without it there is a line for the terminal.

use actix_web::{HttpRequest, HttpResponse, web};
use evidence::Answer;
use maud::{Markup, html};

use super::api::{self, Endpoint, Field};
use super::layout::Page;
use super::words::short_name;
use super::{Study, asked, markdown};

/// The page.
pub(super) async fn page(request: HttpRequest, study: web::Data<Study>) -> HttpResponse {
    let host = request.connection_info().host().to_owned();
    let groups: Vec<(&'static Answer, Vec<Endpoint>)> = study
        .answers
        .iter()
        .map(|answer| (*answer, api::of(answer)))
        .filter(|(_, endpoints)| !endpoints.is_empty())
        .collect();
    let main = html! {
        header.hero.small {
            h1 { "Try the API" }
            p.lead { "Register, open an endpoint, send. Every request goes to the server that gave you this page, and what is sent and what comes back is shown as it is." }
        }
        div.with-nav {
            nav.jump aria-label="On this page" {
                ol {
                    li { a href="#sign-in" { "Sign in" } }
                    @for (answer, _) in &groups { li { a href={ "#" (answer.slug) } { (short_name(answer.slug)) } } }
                }
            }
            div.try #try {
                (sign_in())
                @for (answer, endpoints) in &groups { (group(answer, endpoints, &host)) }
                p { "The same, machine-readable: " a href="/openapi.json" { "openapi.json" } "; with schemas: " a href="/docs/" { "API documentation" } "." }
            }
        }
    };
    Page {
        title: "Try the API",
        about: "Call every endpoint of the running backend from the page.",
        part: "/try",
        scripts: &["copy.js", "try.js"],
        main,
    }
    .respond()
}

fn sign_in() -> Markup {
    html! {
        section #sign-in aria-labelledby="sign-in-heading" {
            h2 #sign-in-heading { "Sign in" }
            p.hint { "Makes an account on this server and logs it in; the token stays in this tab." }
            form.sign-in #sign-in-form hidden {
                label { span { "E-mail" } input type="email" name="email" required autocomplete="off"; }
                label { span { "Password" } input type="text" name="password" required minlength="12" value="correct horse battery" autocomplete="off"; }
                div.run-buttons {
                    button.primary #register type="submit" { "Register and log in" }
                    button #log-in type="submit" { "Only log in" }
                    button #log-out type="button" hidden { "Forget the token" }
                }
            }
            p #sign-in-status role="status" { "Nobody is signed in." }
            div.exchanges #sign-in-exchanges {}
            noscript { p.notice { "Sending from the page needs JavaScript. Each endpoint below has a line for the terminal." } }
        }
    }
}

fn group(answer: &'static Answer, endpoints: &[Endpoint], host: &str) -> Markup {
    html! {
        section id=(answer.slug) {
            h2 { (short_name(answer.slug)) }
            p.hint { a href={ "/answers/" (answer.slug) } { (asked(answer)) } }
            @for one in endpoints { (endpoint(one, host)) }
        }
    }
}

fn endpoint(one: &Endpoint, host: &str) -> Markup {
    let id = markdown::slug(&format!("op {} {}", one.method, one.path));
    html! {
        details.endpoint id=(id) data-operation=(one.id) {
            summary {
                span class={ "method " (one.method.to_lowercase()) } { (one.method) }
                code.endpoint-path { (one.path) }
                span.endpoint-summary { (one.summary) @if one.guarded { span.needs-token { " · needs sign-in" } } }
            }
            form.try-form method="get" data-method=(one.method) data-path=(one.path) data-guarded[one.guarded] hidden {
                @for field in &one.fields { (input(&id, field)) }
                @if let Some(body) = &one.body {
                    label.try-body for={ (id) "-body" } { "Body " span.hint { (body.media_type) } }
                    textarea id={ (id) "-body" } name="body" data-media-type=(body.media_type) rows=(body.example.lines().count().clamp(3, 14)) spellcheck="false" { (body.example) }
                }
                div.run-buttons {
                    button.primary type="submit" { "Send" }
                    @if one.opens() { a href=(one.path) { "Open" span.hidden { " " (one.path) } } }
                }
            }
            div.exchanges {}
            pre.code.copy tabindex="0" { code { (one.curl(host)) } }
        }
    }
}

fn input(endpoint: &str, field: &Field) -> Markup {
    let id = format!("{endpoint}-{}-{}", field.place, markdown::slug(&field.name));
    // What is not needed stays empty, or every first try would ask for an example's page.
    let value = if field.required { field.example.as_str() } else { "" };
    html! {
        div.try-field {
            label for=(id) { code { (field.name) } " " span.hint { (field.place) @if field.required { ", required" } } }
            input id=(id) name={ (field.place) "." (field.name) } value=(value) placeholder=(field.example) required[field.required] autocomplete="off" spellcheck="false";
        }
    }
}
