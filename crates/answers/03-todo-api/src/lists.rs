//! The lists that people open again and again, kept until they write.

use std::time::Duration;

use actix_web::web;
use auth::UserId;
use caching::{Cache, CacheSettings, Caches, Key};
use error_handling::{Cause, Problem};
use foundation::database::Database;
use foundation::metrics::Metrics;

use crate::page::TodoPage;
use crate::store::todos::{self, Filter, Listing};

/// First pages by user, and the store behind them.
pub(crate) struct Lists {
    first_pages: Cache<TodoPage>,
    metrics: Metrics,
}

impl Lists {
    pub(crate) fn new(caches: &Caches, metrics: Metrics) -> Self {
        // Ten minutes, as a write forgets: the end of a page's life only bounds what a server that
        // dies between commit and forgetting leaves behind.
        let ttl = Duration::from_secs(600);
        let first_pages = caches.cache(CacheSettings { ttl, ..CacheSettings::new("todo-lists") });
        let lists = Self { first_pages, metrics };
        lists.count_reads(0);
        lists
    }

    /// The first page as most clients ask for it, cached.
    ///
    /// # Errors
    /// As [`Lists::load`].
    pub(crate) async fn first_page(
        &self,
        database: &web::Data<Database>,
        user: UserId,
        listing: Listing,
    ) -> Result<TodoPage, Problem> {
        let load = async { self.load(database, user, listing).await.map(Some) };
        let page = self.first_pages.get_or_load(key(user, listing.filter), load).await?;
        page.ok_or_else(|| Problem::internal(Cause::new("a list is never absent")))
    }

    /// Any page, from the database.
    ///
    /// # Errors
    /// 503 when the database is away or too busy.
    pub(crate) async fn load(
        &self,
        database: &web::Data<Database>,
        user: UserId,
        listing: Listing,
    ) -> Result<TodoPage, Problem> {
        self.count_reads(1);
        let rows = database.run(move |connection| todos::page(connection, user, &listing)).await?;
        TodoPage::write(rows, listing.limit)
    }

    /// Forgets every list of a user: after each write, one step however many pages there are.
    pub(crate) async fn forget(&self, user: UserId) {
        // How far the news got does not change the response: the write is done. Replicas that did
        // not hear it keep pages for a second only while they cannot hear.
        let _reach = self.first_pages.invalidate_group(&group(user)).await;
    }

    fn count_reads(&self, reads: u64) {
        let about = "Pages of to-dos read from the database";
        self.metrics.count("todo_list_store_reads_total", about, reads);
    }
}

/// Lists of one user are stale together, as one write can change them all.
fn group(user: UserId) -> String {
    user.to_string()
}

fn key(user: UserId, filter: Filter) -> Key {
    let name = match filter.completed {
        None => "all",
        Some(true) => "completed",
        Some(false) => "open",
    };
    Key::in_group(&group(user), name)
}
