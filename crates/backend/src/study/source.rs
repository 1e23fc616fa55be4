//! A whole source file, as this program was built from it.

use actix_web::{HttpRequest, HttpResponse, web};
use error_handling::Problem;
use maud::html;

use super::highlight::{Language, highlight};
use super::layout::Page;
use super::{Study, problems};

/// The page; each line number is an address of its own.
pub(super) async fn page(
    request: HttpRequest,
    study: web::Data<Study>,
    path: web::Path<(String, usize)>,
) -> Result<HttpResponse, Problem> {
    let (slug, index) = path.into_inner();
    let found =
        study.find(&slug).and_then(|(answer, _)| Some((answer, answer.sources.get(index)?)));
    let Some((answer, file)) = found else { return problems::missing(&request, "file") };
    let main = html! {
        header.hero.small {
            p.eyebrow { a href={ "/answers/" (answer.slug) "#show" } { (answer.title) } }
            h1 { code { (file.path) } }
        }
        div.source-file {
            ol.lines aria-hidden="true" {
                @for number in 1..=file.text.lines().count() { li id={ "L" (number) } { (number) } }
            }
            pre.code tabindex="0" { code { (highlight(Language::of(file.path), file.text)) } }
        }
    };
    Ok(Page {
        title: file.path,
        about: "Source of an interview answer that runs.",
        main,
        ..Page::default()
    }
    .respond())
}
