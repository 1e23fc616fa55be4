//! What each `type` of an error body means: the pages that those URIs lead to.

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use error_handling::{Fault, Problem, ProblemType};
use maud::{Markup, html};

use super::layout::Page;

/// The table of every problem type.
pub(super) async fn all() -> HttpResponse {
    let main = html! {
        header.hero {
            h1 { "Problem types" }
            p.lead {
                "Every error of this API is an " code { "application/problem+json" } " body ("
                a href="https://www.rfc-editor.org/rfc/rfc9457" rel="noreferrer" { "RFC 9457" }
                "). Its " code { "type" } " is one of these."
            }
        }
        section {
            div.scroll tabindex="0" {
                table.stack.pairs {
                    caption { "Problem types by status" }
                    thead { tr {
                        th scope="col" { "Status" } th scope="col" { "Type" }
                        th scope="col" { "Title" } th scope="col" { "Who has to act" }
                    } }
                    tbody { @for kind in ProblemType::ALL { (row(kind)) } }
                }
            }
        }
    };
    Page { title: "Problem types", about: "The error types of this API.", main, ..Page::default() }
        .respond()
}

/// The page of one problem type.
pub(super) async fn one(
    request: HttpRequest,
    name: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let Some(kind) = ProblemType::ALL.into_iter().find(|kind| kind.name() == name.as_str()) else {
        return missing(&request, "problem type");
    };
    let main = html! {
        header.hero {
            p.eyebrow { a href="/problems" { "Problem types" } }
            h1 { (kind.title()) }
            ul.facts {
                li { span.fact-name { "Status" } " " (status(kind)) }
                li { span.fact-name { "Type" } " " code { (kind.uri()) } }
            }
        }
        section { h2 { "What to do" } p { (advice(kind.fault())) } }
        section {
            h2 { "What the body holds" }
            p {
                code { "detail" } " says what happened this time, " code { "instance" } " which path was asked, and "
                code { "request_id" } " is what to quote: the same id is in the logs. "
                @if kind == ProblemType::Invalid {
                    code { "errors" } " names each member that was refused, with a JSON pointer and a stable code."
                }
            }
        }
    };
    Ok(Page { title: kind.title(), about: advice(kind.fault()), main, ..Page::default() }.respond())
}

/// 404: a page for a browser, the problem itself for everybody else.
pub(super) fn missing(request: &HttpRequest, what: &str) -> Result<HttpResponse, Problem> {
    if !wants_page(request.headers()) {
        return Err(Problem::not_found(what));
    }
    Ok(not_found(&format!("There is no such {what}"), "It may not be built yet."))
}

/// 404 for a browser, at an address that never was one.
pub(super) async fn nowhere() -> HttpResponse {
    not_found("There is nothing here", "The address may be mistyped.")
}

/// Whether whoever asks reads pages.
pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn not_found(heading: &str, reason: &str) -> HttpResponse {
    let main = html! {
        header.hero {
            p.eyebrow { "404" }
            h1 { (heading) }
            p.lead { (reason) " " a href="/" { "See all questions" } "." }
        }
    };
    let page = Page {
        title: "Not found",
        about: "There is nothing at this address.",
        main,
        ..Page::default()
    };
    page.respond_with(StatusCode::NOT_FOUND)
}

fn row(kind: ProblemType) -> Markup {
    html! {
        tr {
            td data-label="Status" { (kind.status().as_u16()) }
            th scope="row" { a href=(kind.uri()) { code { (kind.name()) } } }
            td data-label="Title" { (kind.title()) }
            td data-label="Who has to act" { (actor(kind.fault())) }
        }
    }
}

fn status(kind: ProblemType) -> String {
    let status = kind.status();
    format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default())
}

fn actor(fault: Fault) -> &'static str {
    match fault {
        Fault::Client => "the client",
        Fault::Passing => "nobody: try again later",
        Fault::Server => "us",
    }
}

fn advice(fault: Fault) -> &'static str {
    match fault {
        Fault::Client => "Change the request: the same one fails again.",
        Fault::Passing => "Send the same request again, not before Retry-After has passed.",
        Fault::Server => "Report it and quote the request id: the defect is ours.",
    }
}
