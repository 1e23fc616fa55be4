//! The frame around every page. Answer 14 adds the headers that keep it to itself.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use maud::{DOCTYPE, Markup, html};

use super::assets::{STYLES, address};

/// Parts of the site, in the order of the line at the top.
const PARTS: [(&str, &str); 4] = [
    ("/", "Questions"),
    ("/practice", "Practice"),
    ("/interviewer", "Interviewer"),
    ("/try", "Try the API"),
];

/// What differs from page to page.
#[derive(Debug, Default)]
pub(super) struct Page<'text> {
    /// Text of the browser's tab, without the name of the site.
    pub(super) title: &'text str,
    /// One sentence for search engines and link previews.
    pub(super) about: &'text str,
    /// Address of the part it belongs to; empty for none.
    pub(super) part: &'text str,
    /// Scripts it needs besides the one of every page.
    pub(super) scripts: &'text [&'text str],
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
                    (about_itself(self.title))
                    meta name="description" content=(self.about);
                    link rel="icon" href=(address("icon.svg")) type="image/svg+xml";
                    @for name in STYLES { link rel="stylesheet" href=(address(name)); }
                    @for name in ["page.js"].iter().chain(self.scripts) {
                        script type="module" src=(address(name)) {}
                    }
                }
                body {
                    a.skip href="#main" { "Skip to the content" }
                    (site_header(self.part))
                    main #main tabindex="-1" { (self.main) }
                    (site_footer())
                }
            }
        }
    }
}

/// What a browser has to know of every page, of the report too.
pub(super) fn about_itself(title: &str) -> Markup {
    html! {
        meta charset="utf-8";
        meta name="viewport" content="width=device-width, initial-scale=1";
        meta name="color-scheme" content="light dark";
        title { (title) " · Show your work" }
    }
}

fn site_header(part: &str) -> Markup {
    html! {
        header.site {
            div.wide {
                a.brand href="/" { img src=(address("icon.svg")) alt="" width="22" height="22"; "Show your work" }
                nav aria-label="Site" {
                    @for (address, name) in PARTS {
                        a href=(address) aria-current=[(address == part).then_some("page")] { (name) }
                    }
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
                nav aria-label="For programs" {
                    a href="/docs/" { "API documentation" }
                    a href="/openapi.json" { "openapi.json" }
                    a href="/problems" { "Problem types" }
                    a href="/health/ready" { "Health" }
                    a href="/metrics" { "Metrics" }
                }
            }
        }
    }
}
