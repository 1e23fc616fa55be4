//! The statements on `categories`, and what they do to the to-dos inside.

use auth::UserId;
use diesel::prelude::*;
use foundation::precondition::Expected;

use super::Written;
use crate::model::{CategoryId, CategoryName};
use crate::schema::{categories, todos};

/// A stored category.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = categories)]
pub struct Category {
    /// Identifies it.
    #[diesel(deserialize_as = i64)]
    pub id: CategoryId,
    /// What its owner calls it.
    pub name: String,
    /// Counts the changes.
    pub version: i32,
}

type Columns = (categories::id, categories::name, categories::version);
const COLUMNS: Columns = (categories::id, categories::name, categories::version);

/// All categories of this owner, in order of id. No pages: there are at most a hundred.
///
/// # Errors
/// Whatever the database says.
pub fn all(connection: &mut PgConnection, owner: UserId) -> QueryResult<Vec<Category>> {
    let mine = categories::table.filter(categories::user_id.eq(owner.number()));
    mine.order(categories::id).select(COLUMNS).load(connection)
}

/// One category of this owner.
///
/// # Errors
/// Whatever the database says.
pub fn find(
    connection: &mut PgConnection,
    owner: UserId,
    id: CategoryId,
) -> QueryResult<Option<Category>> {
    let one = categories::table.find((owner.number(), id.number()));
    one.select(COLUMNS).get_result(connection).optional()
}

/// Stores a category.
///
/// # Errors
/// A violation of `categories_name_unique` or `todo_usage_categories_bounded`.
pub fn insert(
    connection: &mut PgConnection,
    owner: UserId,
    name: &CategoryName,
) -> QueryResult<Category> {
    diesel::insert_into(categories::table)
        .values((categories::user_id.eq(owner.number()), categories::name.eq(name.as_str())))
        .returning(COLUMNS)
        .get_result(connection)
}

/// Renames a category that is in an expected version; without a name it stays, in a new version as
/// after every write. Run it in a transaction: its to-dos show the name, so they get a new version
/// as well, or their tags would say that nothing has changed.
///
/// # Errors
/// A violation of `categories_name_unique`.
pub fn rename(
    connection: &mut PgConnection,
    owner: UserId,
    id: CategoryId,
    name: Option<&CategoryName>,
    expected: &Expected,
) -> QueryResult<Written<Category>> {
    let name = name.map(|name| categories::name.eq(name.as_str()));
    let mut update = diesel::update(categories::table.find((owner.number(), id.number())))
        .set((name, categories::version.eq(categories::version + 1)))
        .into_boxed();
    if let Expected::Versions(versions) = expected {
        update = update.filter(categories::version.eq_any(versions));
    }
    let renamed = update.returning(COLUMNS).get_result(connection).optional()?;
    let Some(category) = renamed else {
        return Ok(find(connection, owner, id)?.map_or(Written::Missing, |_| Written::Stale));
    };
    diesel::update(todos::table.filter(inside(owner, id)))
        .set(todos::version.eq(todos::version + 1))
        .execute(connection)?;
    Ok(Written::Done(category))
}

/// Deletes a category that is in an expected version, and leaves its to-dos without one: who tidies
/// up labels does not mean to delete work. Run it in a transaction.
///
/// # Errors
/// Whatever the database says.
pub fn delete(
    connection: &mut PgConnection,
    owner: UserId,
    id: CategoryId,
    expected: &Expected,
) -> QueryResult<Written<()>> {
    let one = categories::table.find((owner.number(), id.number()));
    // Locked first: nobody can then put a to-do in between emptying and deleting.
    let locked: Option<i32> =
        one.select(categories::version).for_update().get_result(connection).optional()?;
    match (locked, expected) {
        (None, _) => return Ok(Written::Missing),
        (Some(version), Expected::Versions(versions)) if !versions.contains(&version) => {
            return Ok(Written::Stale);
        }
        (Some(_), _) => {}
    }
    diesel::update(todos::table.filter(inside(owner, id)))
        .set((todos::category_id.eq(None::<i64>), todos::version.eq(todos::version + 1)))
        .execute(connection)?;
    diesel::delete(one).execute(connection)?;
    Ok(Written::Done(()))
}

/// The to-dos in a category.
#[diesel::dsl::auto_type(no_type_alias)]
fn inside(owner: UserId, id: CategoryId) -> _ {
    let owner: i64 = owner.number();
    let id: i64 = id.number();
    todos::user_id.eq(owner).and(todos::category_id.eq(id))
}
