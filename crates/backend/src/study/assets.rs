//! The files that pages load, under addresses that change with their content.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::{HttpRequest, HttpResponse, web};
use error_handling::Problem;
use foundation::precondition::IfNoneMatch;

/// A file inside the binary.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    text: &'static str,
}

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! assets {
    ($($name:literal $media_type:expr),+ $(,)?) => {
        &[$(Asset {
            name: $name,
            media_type: $media_type,
            text: include_str!(concat!("assets/", $name)),
        }),+]
    };
}

/// One style sheet per layer and one small script per page; scripts import each other by these names.
const ASSETS: &[Asset] = assets![
    "base.css" CSS,
    "pages.css" CSS,
    "runs.css" CSS,
    "page.js" SCRIPT,
    "copy.js" SCRIPT,
    "progress.js" SCRIPT,
    "search.js" SCRIPT,
    "run.js" SCRIPT,
    "follow.js" SCRIPT,
    "predict.js" SCRIPT,
    "boxes.js" SCRIPT,
    "practice.js" SCRIPT,
    "practice-list.js" SCRIPT,
    "interviewer.js" SCRIPT,
    "exchange.js" SCRIPT,
    "try.js" SCRIPT,
    "icon.svg" "image/svg+xml",
];

/// The style sheets in the order in which they build on each other.
pub(super) const STYLES: [&str; 3] = ["base.css", "pages.css", "runs.css"];

/// The style sheets as one text, for a page that stands alone.
pub(super) fn styles() -> String {
    let of = |name: &str| ASSETS.iter().find(|asset| asset.name == name).map(|asset| asset.text);
    STYLES.iter().filter_map(|name| of(name)).collect()
}

/// One hash for all: they change together with a release, never one by one.
static VERSION: LazyLock<String> =
    LazyLock::new(|| fingerprint(ASSETS.iter().map(|asset| asset.text).collect::<Vec<_>>()));

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
    let unchanged = IfNoneMatch::of(request.headers()).has(&tag);
    let mut response = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, "no-cache"));
    if unchanged { response.finish() } else { response.content_type("image/svg+xml").body(svg) }
}
