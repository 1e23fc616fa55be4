//! A to-do on the wire.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::TodoId;
use crate::store::todos::Todo;
use foundation::http::BaseUrl;

/// A to-do, as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Todo)]
pub(crate) struct TodoBody {
    /// Identifies it.
    #[schema(value_type = i64, example = 17)]
    id: TodoId,
    /// Where it is, absolute: follow it instead of building it.
    #[schema(example = "http://localhost:8080/api/v1/todos/17")]
    url: String,
    /// What is to be done.
    #[schema(example = "walk the dog")]
    title: String,
    /// Whether it is done.
    completed: bool,
    /// Where its owner wants it to stand, for clients to sort by.
    #[schema(example = 95)]
    order: Option<i32>,
    /// The category it is in.
    #[schema(example = 3)]
    category_id: Option<i64>,
    /// What that category is called.
    #[schema(example = "Home")]
    category_name: Option<String>,
    /// When it was made.
    created_at: DateTime<Utc>,
}

impl TodoBody {
    pub(crate) fn new(todo: Todo, base: &BaseUrl) -> Self {
        let Todo { id, title, completed, order, category_id, category_name, created_at, .. } = todo;
        let url = base.join(&path(id));
        Self { id, url, title, completed, order, category_id, category_name, created_at }
    }
}

/// Where a to-do is, without the address of this server.
pub(super) fn path(id: TodoId) -> String {
    format!("/api/v1/todos/{id}")
}
