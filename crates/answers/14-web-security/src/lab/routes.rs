//! The one route table of every build.

use actix_web::Route;
use actix_web::web::{self, ServiceConfig};

/// Every path of the lab; none of them is one of the backend's.
pub const PATHS: [&str; 11] = [
    "/lab/notes",
    "/lab/orders/{id}",
    "/lab/me",
    "/lab/log-in",
    "/lab/keys",
    "/lab/previews",
    "/lab/files",
    "/lab/comments",
    "/lab/transfers",
    "/lab/leave",
    "/lab/dependencies",
];

/// What a build does at each of them.
pub(super) trait Handlers {
    /// GET notes by author and part of the title; private ones are nobody's business.
    fn search() -> Route;
    /// GET an order of one's own.
    fn order() -> Route;
    /// GET one's account.
    fn profile() -> Route;
    /// PATCH one's name.
    fn rename() -> Route;
    /// POST name and password.
    fn log_in() -> Route;
    /// POST a link, to see what is behind it.
    fn preview() -> Route;
    /// GET a file of the public folder.
    fn file() -> Route;
    /// POST a comment.
    fn comment() -> Route;
    /// GET the page with all comments.
    fn comments() -> Route;
    /// POST money to somebody.
    fn transfer() -> Route;
    /// GET a redirect to where one came from.
    fn leave() -> Route;
    /// GET what the build is made of.
    fn dependencies() -> Route;
}

/// Mounts a build.
pub(super) fn mount<H: Handlers>(config: &mut ServiceConfig) {
    let [notes, order, me, log_in, keys, previews, files, comments, transfers, leave, parts] =
        PATHS.map(web::resource);
    config
        .service(notes.route(H::search()))
        .service(order.route(H::order()))
        .service(me.route(H::profile()).route(H::rename()))
        .service(log_in.route(H::log_in()))
        .service(keys.route(web::get().to(super::session::keys)))
        .service(previews.route(H::preview()))
        .service(files.route(H::file()))
        .service(comments.route(H::comment()).route(H::comments()))
        .service(transfers.route(H::transfer()))
        .service(leave.route(H::leave()))
        .service(parts.route(H::dependencies()));
}
