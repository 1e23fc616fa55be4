//! What all requests of a server share.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use auth::{LimitsUsers, UserId};
use caching::{Caches, write_then_forget};
use diesel::PgConnection;
use error_handling::Problem;
use foundation::database::Database;
use foundation::module::{Share, StartFailure, Starting};
use foundation::rate_limit::RateLimit;

use crate::lists::Lists;

/// Limit, cache and settings. Nothing in it changes after the start, so workers share it without a
/// lock; what counts and what is cached has locks of its own.
pub(crate) struct Todos {
    pub(crate) lists: Lists,
    per_user: Option<RateLimit<UserId>>,
}

impl Todos {
    /// Starts what the routes need, sign-in included.
    pub(crate) fn start(starting: &mut Starting<'_>) -> Result<Share, StartFailure> {
        let share_auth = auth::start(starting)?;
        let todos = web::Data::new(Self::open(starting)?);
        Ok(Arc::new(move |config| {
            share_auth(config);
            config.app_data(todos.clone());
        }))
    }

    fn open(starting: &mut Starting<'_>) -> Result<Self, StartFailure> {
        let limit = NonZeroU32::new(starting.config.auth.user_rate_limit);
        let per_minute = |limit| RateLimit::new("user", limit, Duration::from_secs(60));
        Ok(Self {
            lists: Lists::new(&Caches::start(starting)?, starting.metrics.clone()),
            // Shared by replicas: otherwise each new one would double what a user may do.
            per_user: limit.map(|limit| per_minute(limit).shared(starting.redis)),
        })
    }

    /// Runs a write of this user and forgets what is cached of them, before the response.
    pub(crate) async fn write<T, E, F>(
        self: Arc<Self>,
        database: web::Data<Database>,
        user: UserId,
        work: F,
    ) -> Result<T, Problem>
    where
        F: FnOnce(&mut PgConnection) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: Into<Problem> + 'static,
    {
        let forget = move || {
            let todos = Arc::clone(&self);
            async move { todos.lists.forget(user).await }
        };
        write_then_forget(Database::clone(&database), work, forget).await
    }
}

impl LimitsUsers for Todos {
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
    use foundation::metrics::Metrics;
    use foundation::testing::{TestApp, config};

    use super::*;
    use crate::request::ListParameters;
    use foundation::http::BaseUrl;

    #[actix_web::test]
    async fn a_write_that_commits_after_its_request_was_given_up_leaves_no_old_list() {
        let flags = ["--statement-timeout", "1s", "--database-wait", "1s"];
        let app = TestApp::start_with(&[], &flags);
        let user = auth::testing::sign_up(&app, "owner").user;
        let (config, metrics) = (config(&flags), Metrics::new().unwrap());
        let mut connection = app.scratch.connect().unwrap();
        let mut starting = Starting::new(&config, &metrics, &mut connection, None);
        let todos = Arc::new(Todos::open(&mut starting).unwrap());
        connection
            .batch_execute("INSERT INTO todos (user_id, title) SELECT id, 'old' FROM users")
            .unwrap();
        let database = web::Data::new(app.database.clone());
        let listing = ListParameters::default().parse().unwrap();
        let shows = async |title: &str| {
            let page = todos.lists.first_page(&database, user, listing).await.unwrap();
            page.body(&BaseUrl::NONE).contains(title)
        };

        let (go_on, told) = mpsc::channel();
        let slow = move |connection: &mut PgConnection| {
            let _ = told.recv();
            connection.batch_execute("UPDATE todos SET title = 'new', version = version + 1")?;
            Ok::<_, Error>(())
        };
        let given_up = Arc::clone(&todos).write(database.clone(), user, slow).await;
        assert_eq!(given_up.unwrap_err().kind(), ProblemType::Unavailable);
        assert!(shows("old").await, "and it is cached again");
        go_on.send(()).unwrap();
        for _ in 0..4_000 {
            if shows("new").await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the list is still the old one");
    }
}
