//! The three files that pages load, under addresses that change with their content.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use error_handling::Problem;

/// A file inside the binary.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    text: &'static str,
}

const ASSETS: [Asset; 3] = [
    Asset {
        name: "style.css",
        media_type: "text/css; charset=utf-8",
        text: include_str!("assets/style.css"),
    },
    Asset {
        name: "study.js",
        media_type: "text/javascript; charset=utf-8",
        text: include_str!("assets/study.js"),
    },
    Asset { name: "icon.svg", media_type: "image/svg+xml", text: include_str!("assets/icon.svg") },
];

/// One hash for all three: they change together with a release, never one by one.
static VERSION: LazyLock<String> = LazyLock::new(|| fingerprint(ASSETS.map(|asset| asset.text)));

/// The address of a file, which may be kept for ever.
pub(super) fn address(name: &str) -> String {
    format!("/assets/{}/{name}", *VERSION)
}

/// Short name of a content.
fn fingerprint(content: impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Serves a file of this build. An address of another build is not found, instead of being given
/// this build's content, which the browser would keep under the wrong name for a year.
pub(super) async fn serve(path: web::Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (version, name) = path.into_inner();
    let asset = ASSETS.iter().find(|asset| asset.name == name && version == *VERSION);
    let asset = asset.ok_or_else(|| Problem::not_found("file"))?;
    let mut response = HttpResponse::Ok();
    response
        .content_type(asset.media_type)
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((ETAG, format!("\"{version}\"")));
    Ok(response.body(asset.text))
}

/// A picture of a run: checked again on each visit, as the next recording has the same name.
pub(super) fn picture(request: &HttpRequest, svg: String) -> HttpResponse {
    let tag = format!("\"{}\"", fingerprint(&svg));
    let unchanged = request
        .headers()
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|known| known.split(',').any(|one| one.trim() == tag));
    let mut response = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, "no-cache"));
    if unchanged { response.finish() } else { response.content_type("image/svg+xml").body(svg) }
}
