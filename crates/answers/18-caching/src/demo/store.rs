//! The store behind the caches: posts in PostgreSQL, each statement counted, answers held back on
//! demand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use diesel::connection::{InstrumentationEvent, SimpleConnection};
use diesel::prelude::*;
use error_handling::Problem;
use evidence::Failure;
use foundation::database::Database;
use foundation::metrics::Metrics;
use foundation::scratch::Scratch;
use foundation::testing::config;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

diesel::table! {
    cached_posts (id) {
        id -> BigInt,
        revision -> BigInt,
        body -> Text,
    }
}

/// What is cached.
#[derive(Clone, Debug, PartialEq, Queryable, Serialize, Deserialize)]
pub(super) struct Post {
    pub(super) id: i64,
    /// Goes up with each edit, so that a stale answer is recognised.
    pub(super) revision: i64,
    body: String,
}

/// The posts, and what was asked of them.
pub(super) struct Store {
    database: Database,
    statements: Arc<AtomicU64>,
    /// Answers that have come back from the database.
    arrived: watch::Sender<u64>,
    /// Whether answers are handed out. A watch channel, as it holds back many readers at once.
    open: watch::Sender<bool>,
}

impl Store {
    /// Writes `posts` posts, each with a body of a kilobyte.
    pub(super) fn fill(scratch: &Scratch, posts: u64) -> Result<Self, Failure> {
        scratch.connect()?.batch_execute(&format!(
            "CREATE TABLE cached_posts (
                 id bigint PRIMARY KEY, revision bigint NOT NULL, body text NOT NULL);
             INSERT INTO cached_posts
             SELECT id, 1, repeat(md5(id::text), 32) FROM generate_series(1, {posts}) AS id;
             ANALYZE cached_posts"
        ))?;
        let settings = config(&["--database-queue", "4096", "--database-wait", "10s"]).database;
        let database = Database::open(&scratch.url(), &settings, &Metrics::new()?);
        let (arrived, open) = (watch::Sender::new(0), watch::Sender::new(true));
        Ok(Self { database, statements: Arc::default(), arrived, open })
    }

    /// Reads one post; its answer waits while the gate is closed.
    pub(super) async fn read(&self, id: i64) -> Result<Option<Post>, Problem> {
        let query = move |connection: &mut PgConnection| {
            cached_posts::table.find(id).first::<Post>(connection).optional()
        };
        let post = self.counted(query).await?;
        self.arrived.send_modify(|count| *count += 1);
        // Cannot fail: the sender is this store's own.
        let _ = self.open.subscribe().wait_for(|open| *open).await;
        Ok(post)
    }

    /// Writes a post anew; returns its revision, committed.
    pub(super) async fn edit(&self, id: i64) -> Result<i64, Problem> {
        self.counted(move |connection: &mut PgConnection| {
            diesel::update(cached_posts::table.find(id))
                .set(cached_posts::revision.eq(cached_posts::revision + 1))
                .returning(cached_posts::revision)
                .get_result(connection)
        })
        .await
    }

    /// Writes a post that was not there.
    pub(super) async fn create(&self, id: i64) -> Result<(), Problem> {
        let columns =
            (cached_posts::id.eq(id), cached_posts::revision.eq(1), cached_posts::body.eq("new"));
        let insert = move |connection: &mut PgConnection| {
            diesel::insert_into(cached_posts::table).values(columns).execute(connection)
        };
        self.counted(insert).await.map(|_| ())
    }

    /// Runs work on a connection whose statements Diesel itself counts.
    async fn counted<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut PgConnection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let statements = Arc::clone(&self.statements);
        let counted = move |connection: &mut PgConnection| {
            connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
                if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                    statements.fetch_add(1, Ordering::Relaxed);
                }
            });
            work(connection)
        };
        self.database.run(counted).await
    }

    /// Statements so far.
    pub(super) fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Holds answers back from now on.
    pub(super) fn close(&self) {
        self.arrived.send_replace(0);
        self.open.send_replace(false);
    }

    /// Hands them out.
    pub(super) fn reopen(&self) {
        self.open.send_replace(true);
    }

    /// Returns once as many answers are held back.
    pub(super) async fn holds(&self, answers: u64) {
        let _ = self.arrived.subscribe().wait_for(|count| *count >= answers).await;
    }

    /// Returns once all of `most` answers are held back, or no further one has come for a while,
    /// which is when whoever shares another's answer has joined it.
    pub(super) async fn holds_all(&self, most: u64) {
        const QUIET: Duration = Duration::from_millis(200);
        let mut arrived = self.arrived.subscribe();
        while *arrived.borrow_and_update() < most
            && tokio::time::timeout(QUIET, arrived.changed()).await.is_ok()
        {}
    }
}
