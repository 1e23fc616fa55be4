//! The frame around every page. Answer 14 adds the headers that keep it to itself.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use maud::{DOCTYPE, Markup, html};

use super::assets::address;

/// What differs from page to page.
#[derive(Debug)]
pub(super) struct Page<'text> {
    /// Text of the browser's tab, without the name of the site.
    pub(super) title: &'text str,
    /// One sentence for search engines and link previews.
    pub(super) about: &'text str,
    /// The content, with the page's one first-level heading.
    pub(super) main: Markup,
}

impl Page<'_> {
    /// The page with status 200.
    pub(super) fn respond(self) -> HttpResponse {
        self.respond_with(StatusCode::OK)
    }

    /// The page with another status.
    pub(super) fn respond_with(self, status: StatusCode) -> HttpResponse {
        HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            // A page shows the run that goes on; the files it loads are kept instead.
            .insert_header((CACHE_CONTROL, "no-cache"))
            .body(self.render().0)
    }

    fn render(self) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="description" content=(self.about);
                    title { (self.title) " · Show your work" }
                    link rel="icon" href=(address("icon.svg")) type="image/svg+xml";
                    link rel="stylesheet" href=(address("style.css"));
                    script src=(address("study.js")) defer {}
                }
                body {
                    a.skip href="#main" { "Skip to the content" }
                    (site_header())
                    main #main { (self.main) }
                    (site_footer())
                }
            }
        }
    }
}

fn site_header() -> Markup {
    html! {
        header.site {
            div.wide {
                a.brand href="/" { img src=(address("icon.svg")) alt="" width="22" height="22"; "Show your work" }
                nav aria-label="Site" {
                    a href="/" { "Questions" }
                    a href="/docs/" { "API" }
                    a href="/problems" { "Problems" }
                }
            }
        }
    }
}

fn site_footer() -> Markup {
    html! {
        footer.site {
            div.wide {
                p { "Made from the READMEs and the source this program was built from. Nothing is loaded from elsewhere." }
                nav aria-label="Machine-readable" {
                    a href="/openapi.json" { "openapi.json" }
                    a href="/health/ready" { "health" }
                    a href="/metrics" { "metrics" }
                }
            }
        }
    }
}
