//! The few pages that are made for people and crawlers. Everything from the database is escaped by
//! maud; nothing is marked as safe.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::pages::{self, Page};
use chrono::{DateTime, SecondsFormat, Utc};
use foundation::http::BaseUrl;

/// A page of the catalogue, with the one address that search engines should know it by.
pub(crate) fn page(page: &Page, base: &BaseUrl) -> Markup {
    let (euros, cents) = (page.price_cents / 100, page.price_cents % 100);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { (page.title) }
                link rel="canonical" href=(base.join(&pages::path(&page.slug)));
            }
            body {
                h1 { (page.title) }
                p { (page.category) ", " (euros) "." (format!("{cents:02}")) ", since "
                    (page.published_on) }
                @for paragraph in page.body.split('\n').filter(|text| !text.trim().is_empty()) {
                    p { (paragraph) }
                }
            }
        }
    }
}

/// A sitemap of these pages (sitemaps.org/protocol.html). It lies beside the pages, as one may only
/// list what is below its own folder.
pub(crate) fn sitemap(live: &[(String, DateTime<Utc>)], base: &BaseUrl) -> Markup {
    html! {
        (PreEscaped("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"))
        urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" {
            @for (slug, changed) in live {
                url {
                    loc { (base.join(&pages::path(slug))) }
                    lastmod { (changed.to_rfc3339_opts(SecondsFormat::Secs, true)) }
                }
            }
        }
    }
}
