//! The statements on `todos`.

use auth::UserId;
use chrono::{DateTime, Utc};
use diesel::dsl::not;
use diesel::helper_types::IntoBoxed;
use diesel::pg::Pg;
use diesel::prelude::*;
use foundation::paging::Limit;
use foundation::precondition::Expected;
use serde::{Deserialize, Serialize};

use super::Written;
use super::named::Named;
use crate::model::{CategoryId, Order, Title, TodoId};
use crate::schema::{categories, todos};

/// A stored to-do with the name of its category.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Serialize, Deserialize)]
pub struct Todo {
    /// Identifies it.
    #[diesel(deserialize_as = i64)]
    pub id: TodoId,
    /// What is to be done.
    pub title: String,
    /// Whether it is done.
    pub completed: bool,
    /// Where its owner wants it to stand.
    pub order: Option<i32>,
    /// The category it is in.
    pub category_id: Option<i64>,
    /// What that category is called.
    pub category_name: Option<String>,
    /// Counts the changes.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A to-do as it shall be, whole.
#[derive(Clone, Debug)]
pub struct NewTodo {
    /// What is to be done.
    pub title: Title,
    /// Whether it is done.
    pub completed: bool,
    /// Where it shall stand.
    pub order: Option<Order>,
    /// The category to put it in.
    pub category: Option<CategoryId>,
}

/// What to change of a to-do: `None` leaves a column alone, `Some(None)` empties it.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = todos)]
pub struct Changes {
    pub(crate) title: Option<String>,
    pub(crate) completed: Option<bool>,
    pub(crate) sort_order: Option<Option<i32>>,
    pub(crate) category_id: Option<Option<i64>>,
}

impl From<NewTodo> for Changes {
    /// Every column, so that nothing of the to-do as it was is left.
    fn from(todo: NewTodo) -> Self {
        Self {
            title: Some(todo.title.as_str().to_owned()),
            completed: Some(todo.completed),
            sort_order: Some(todo.order.map(Order::number)),
            category_id: Some(todo.category.map(CategoryId::number)),
        }
    }
}

/// Which to-dos.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those that are done, or only those that are not.
    pub completed: Option<bool>,
    /// Only those in this category.
    pub category: Option<CategoryId>,
}

/// One page of a listing, in order of id, which is the order of making.
#[derive(Clone, Copy, Debug)]
pub struct Listing {
    /// Which to-dos.
    pub filter: Filter,
    /// The last one of the page before.
    pub after: Option<TodoId>,
    /// How many.
    pub limit: Limit,
}

/// To-dos joined with their categories: a page is one statement, not one more for each row.
#[diesel::dsl::auto_type]
fn with_category() -> _ {
    let same_owner = categories::user_id.eq(todos::user_id);
    let named = same_owner.and(categories::id.nullable().eq(todos::category_id));
    let columns = (
        todos::id,
        todos::title,
        todos::completed,
        todos::sort_order,
        todos::category_id,
        categories::name.nullable(),
        todos::version,
        todos::created_at,
    );
    todos::table.left_join(categories::table.on(named)).select(columns)
}

/// The statement of [`page`], apart so that its plan can be held by a test.
#[must_use]
pub fn listing<'a>(owner: UserId, listing: &Listing) -> IntoBoxed<'a, with_category, Pg> {
    let Listing { filter, after, limit } = *listing;
    let mut query = with_category().filter(todos::user_id.eq(owner.number())).into_boxed();
    // Bare columns instead of a bound true or false: a plan made for any value could not use the
    // partial index.
    query = match filter.completed {
        None => query,
        Some(true) => query.filter(todos::completed),
        Some(false) => query.filter(not(todos::completed)),
    };
    if let Some(category) = filter.category {
        query = query.filter(todos::category_id.eq(category.number()));
    }
    if let Some(after) = after {
        query = query.filter(todos::id.gt(after.number()));
    }
    query.order(todos::id).limit(limit.rows_to_fetch())
}

/// One page, and one to-do more if there is a next page.
///
/// # Errors
/// Whatever the database says.
pub fn page(
    connection: &mut PgConnection,
    owner: UserId,
    question: &Listing,
) -> QueryResult<Vec<Todo>> {
    listing(owner, question).load(connection)
}

/// The statement of [`find`], apart so that its plan can be held by a test.
#[must_use]
pub fn find_query<'a>(owner: UserId, id: TodoId) -> IntoBoxed<'a, with_category, Pg> {
    let mine = todos::user_id.eq(owner.number());
    with_category().filter(mine).filter(todos::id.eq(id.number())).into_boxed()
}

/// One to-do of this owner.
///
/// # Errors
/// Whatever the database says.
pub fn find(connection: &mut PgConnection, owner: UserId, id: TodoId) -> QueryResult<Option<Todo>> {
    find_query(owner, id).get_result(connection).optional()
}

/// Stores a to-do.
///
/// # Errors
/// A violation of `todos_category_owned` or `todo_usage_todos_bounded`.
pub fn insert(connection: &mut PgConnection, owner: UserId, todo: &NewTodo) -> QueryResult<Todo> {
    let insert = diesel::insert_into(todos::table)
        .values((
            todos::user_id.eq(owner.number()),
            todos::title.eq(todo.title.as_str()),
            todos::completed.eq(todo.completed),
            todos::sort_order.eq(todo.order.map(Order::number)),
            todos::category_id.eq(todo.category.map(CategoryId::number)),
        ))
        .returning(todos::all_columns);
    Named(insert).get_result(connection)
}

/// Changes a to-do that is in an expected version, in one statement: between a look at the version
/// and a write after it, somebody else may write.
///
/// # Errors
/// A violation of `todos_category_owned`.
pub fn change(
    connection: &mut PgConnection,
    owner: UserId,
    id: TodoId,
    changes: &Changes,
    expected: &Expected,
) -> QueryResult<Written<Todo>> {
    let mut update = diesel::update(todos::table.find((owner.number(), id.number())))
        .set((changes, todos::version.eq(todos::version + 1)))
        .into_boxed();
    if let Expected::Versions(versions) = expected {
        update = update.filter(todos::version.eq_any(versions));
    }
    let changed = Named(update.returning(todos::all_columns)).get_result(connection).optional()?;
    match changed {
        Some(todo) => Ok(Written::Done(todo)),
        None => why_not(connection, owner, id),
    }
}

/// Deletes a to-do that is in an expected version.
///
/// # Errors
/// Whatever the database says.
pub fn delete(
    connection: &mut PgConnection,
    owner: UserId,
    id: TodoId,
    expected: &Expected,
) -> QueryResult<Written<()>> {
    let mut delete = diesel::delete(todos::table.find((owner.number(), id.number()))).into_boxed();
    if let Expected::Versions(versions) = expected {
        delete = delete.filter(todos::version.eq_any(versions));
    }
    match delete.execute(connection)? {
        0 => why_not(connection, owner, id),
        _ => Ok(Written::Done(())),
    }
}

/// Tells stale from missing, after a write that found no row: on this path only.
fn why_not<T>(connection: &mut PgConnection, owner: UserId, id: TodoId) -> QueryResult<Written<T>> {
    Ok(find(connection, owner, id)?.map_or(Written::Missing, |_| Written::Stale))
}

/// Deletes every to-do of this owner that the filter names; returns how many there were.
///
/// # Errors
/// Whatever the database says.
pub fn clear(connection: &mut PgConnection, owner: UserId, filter: Filter) -> QueryResult<usize> {
    let mut delete =
        diesel::delete(todos::table.filter(todos::user_id.eq(owner.number()))).into_boxed();
    delete = match filter.completed {
        None => delete,
        Some(true) => delete.filter(todos::completed),
        Some(false) => delete.filter(not(todos::completed)),
    };
    if let Some(category) = filter.category {
        delete = delete.filter(todos::category_id.eq(category.number()));
    }
    delete.execute(connection)
}
