//! What all requests of a server share: two caches, a limit, and how a write leaves no old page.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use auth::{LimitsUsers, UserId};
use caching::{Cache, CacheSettings, Caches, write_then_forget};
use diesel::PgConnection;
use error_handling::Problem;
use foundation::database::Database;
use foundation::metrics::Metrics;
use foundation::module::{Share, StartFailure, Starting};
use foundation::rate_limit::RateLimit;

use crate::model::Slug;
use crate::request::Listing;
use crate::store::posts::{self, Post, Summary};

/// Nothing in it changes after the start, so workers share it without a lock; what counts and what
/// is cached has locks of its own.
pub(crate) struct Blog {
    /// The first page, without a filter: one value that nearly every visitor asks for.
    front: Cache<Vec<Summary>>,
    /// Published posts by slug. Rows and not JSON, as two versions are made of them.
    published: Cache<Post>,
    per_user: Option<RateLimit<UserId>>,
    metrics: Metrics,
}

const FRONT: &str = "front";

impl Blog {
    /// Starts what the routes need, sign-in included.
    pub(crate) fn start(starting: &mut Starting<'_>) -> Result<Share, StartFailure> {
        let share_auth = auth::start(starting)?;
        let blog = web::Data::new(Self::open(starting)?);
        Ok(Arc::new(move |config| {
            share_auth(config);
            config.app_data(blog.clone());
        }))
    }

    fn open(starting: &mut Starting<'_>) -> Result<Self, StartFailure> {
        let limit = NonZeroU32::new(starting.config.auth.user_rate_limit);
        let per_minute = |limit| RateLimit::new("blog-user", limit, Duration::from_secs(60));
        let caches = Caches::start(starting)?;
        // Ten minutes, as writes forget: the end of a life only bounds what a server that dies
        // between commit and forgetting leaves behind. What is not there is not kept: there are as
        // many slugs that no post has as somebody cares to ask for.
        let settings = |name| CacheSettings {
            ttl: Duration::from_secs(600),
            negative_ttl: Duration::ZERO,
            // As long as a load may wait for the database: one replica loads a page that all ask for.
            patience: Duration::from_secs(1),
            // Of posts with two hundred kilobytes each.
            capacity: 500,
            ..CacheSettings::new(name)
        };
        let blog = Self {
            front: caches.cache(settings("blog-front-page")),
            published: caches.cache(settings("blog-posts")),
            // Shared by replicas: otherwise each new one would double what a user may do.
            per_user: limit.map(|limit| per_minute(limit).shared(starting.redis)),
            metrics: starting.metrics.clone(),
        };
        blog.count_reads(0);
        Ok(blog)
    }

    /// The front page, cached.
    ///
    /// # Errors
    /// 503 when the database is away or too busy.
    pub(crate) async fn front_page(
        &self,
        database: &Database,
        listing: Listing,
    ) -> Result<Vec<Summary>, Problem> {
        let load = async { self.page(database, listing).await.map(Some) };
        Ok(self.front.get_or_load(FRONT, load).await?.unwrap_or_default())
    }

    /// Any page, from the database.
    ///
    /// # Errors
    /// As [`Blog::front_page`].
    pub(crate) async fn page(
        &self,
        database: &Database,
        listing: Listing,
    ) -> Result<Vec<Summary>, Problem> {
        self.count_reads(1);
        database.run(move |connection| posts::page(connection, &listing)).await
    }

    /// A post for this person: a published one from the cache, a draft from the database.
    ///
    /// # Errors
    /// As [`Blog::front_page`].
    pub(crate) async fn post(
        &self,
        database: &Database,
        slug: Slug,
        reader: Option<UserId>,
    ) -> Result<Option<Post>, Problem> {
        let find = async |reader| {
            self.count_reads(1);
            let slug = slug.clone();
            database.run(move |connection| posts::find(connection, &slug, reader)).await
        };
        let published = self.published.get_or_load(slug.as_str(), find(None)).await?;
        match (published, reader) {
            (None, Some(reader)) => find(Some(reader)).await,
            (published, _) => Ok(published),
        }
    }

    /// Runs a write and forgets what it may have changed, before the response: the front page and,
    /// where it names one, a post.
    ///
    /// # Errors
    /// Those of `work`.
    pub(crate) async fn write<T, E, F>(
        self: Arc<Self>,
        database: Database,
        slug: Option<Slug>,
        work: F,
    ) -> Result<T, Problem>
    where
        F: FnOnce(&mut PgConnection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Into<Problem> + 'static,
    {
        let forget = move || {
            let (blog, slug) = (Arc::clone(&self), slug.clone());
            async move { blog.forget(slug.as_ref()).await }
        };
        write_then_forget(database, work, forget).await
    }

    /// How far the news gets does not change the response: the write is done.
    async fn forget(&self, slug: Option<&Slug>) {
        self.front.invalidate(FRONT).await;
        if let Some(slug) = slug {
            self.published.invalidate(slug.as_str()).await;
        }
    }

    fn count_reads(&self, reads: u64) {
        let about = "Posts and pages of posts read from the database";
        self.metrics.count("blog_store_reads_total", about, reads);
    }
}

impl LimitsUsers for Blog {
    fn per_user(&self) -> Option<&RateLimit<UserId>> {
        self.per_user.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use diesel::connection::SimpleConnection;
    use diesel::result::Error;
    use error_handling::ProblemType;
    use foundation::testing::{TestApp, config};

    use super::*;
    use crate::request::ListParameters;

    #[actix_web::test]
    async fn a_write_that_commits_after_its_request_was_given_up_leaves_no_old_post() {
        let flags = ["--statement-timeout", "1s", "--database-wait", "1s"];
        let app = TestApp::start_with(&[], &flags);
        let _author = auth::testing::sign_up(&app, "author");
        let (config, metrics) = (config(&flags), Metrics::new().unwrap());
        let mut connection = app.scratch.connect().unwrap();
        let mut starting = Starting::new(&config, &metrics, &mut connection, None);
        let blog = Arc::new(Blog::open(&mut starting).unwrap());
        connection
            .batch_execute(
                "INSERT INTO posts (author_id, slug, title, body, published_at)
                 SELECT id, 'slug', 'old', 'b', now() FROM users",
            )
            .unwrap();
        let (database, slug) = (&app.database, Slug::of_path("slug").unwrap());
        let titles = async || {
            let front = ListParameters::default().parse().unwrap();
            let front = blog.front_page(database, front).await.unwrap();
            let post = blog.post(database, slug.clone(), None).await.unwrap().unwrap();
            [front[0].title.clone(), post.summary.title]
        };

        let (go_on, told) = mpsc::channel();
        let slow = move |connection: &mut PgConnection| {
            let _ = told.recv();
            connection.batch_execute("UPDATE posts SET title = 'new', version = version + 1")?;
            Ok::<_, Error>(())
        };
        let writing = Arc::clone(&blog).write(database.clone(), Some(slug.clone()), slow);
        assert_eq!(writing.await.unwrap_err().kind(), ProblemType::Unavailable);
        assert_eq!(titles().await, ["old", "old"], "and they are cached again");
        go_on.send(()).unwrap();
        for _ in 0..100 {
            if titles().await == ["new", "new"] {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("half a second later the old title is still there");
    }
}
