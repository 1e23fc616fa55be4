//! The statements on `users`. Knows no HTTP; the caller owns the transaction.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{NewUser, UserId};
use crate::schema::users;

/// The name of the constraint that has the last word on who owns an address.
pub const EMAIL_UNIQUE: &str = "users_email_unique";

/// An account as its owner sees it.
#[derive(Debug, Queryable, Serialize, ToSchema)]
#[schema(as = UserAccount)]
pub struct Account {
    /// Identifies it for ever.
    #[diesel(deserialize_as = i64)]
    #[schema(value_type = i64, example = 17)]
    pub id: UserId,
    /// The address as its owner wrote it.
    #[schema(example = "Ada@example.org")]
    pub email: String,
    /// What others see.
    #[schema(example = "Ada Lovelace")]
    pub name: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// An account as everybody sees it: without the address.
#[derive(Clone, Debug, Queryable, Serialize, ToSchema)]
#[schema(as = UserProfile)]
pub struct Profile {
    /// Identifies it for ever.
    #[diesel(deserialize_as = i64)]
    #[schema(value_type = i64, example = 17)]
    pub id: UserId,
    /// What the person is called.
    #[schema(example = "Ada Lovelace")]
    pub name: String,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
}

/// Stores an account. No look whether the address is free: the answer would be old before it is
/// used, and the constraint looks anyway.
///
/// # Errors
/// A violation of [`EMAIL_UNIQUE`] when the address has an account.
pub fn insert(connection: &mut PgConnection, user: &NewUser) -> QueryResult<Account> {
    diesel::insert_into(users::table)
        .values((
            users::email.eq(user.email.written()),
            users::email_normalized.eq(user.email.normalized()),
            users::name.eq(user.name.as_str()),
            users::password_hash.eq(user.password_hash.expose()),
        ))
        // RETURNING instead of a second statement: one round trip, and no way to miss the row.
        .returning((users::id, users::email, users::name, users::created_at))
        .get_result(connection)
}

/// The profiles of these accounts, by primary key; in any order, without those that do not exist.
///
/// # Errors
/// Whatever the database says.
pub fn profiles(
    connection: &mut PgConnection,
    ids: &[UserId],
) -> QueryResult<Vec<(UserId, Profile)>> {
    let found: Vec<Profile> = profiles_query(ids).load(connection)?;
    Ok(found.into_iter().map(|profile| (profile.id, profile)).collect())
}

/// The statement of [`profiles`], apart so that its plan can be held by a test. Three columns: what
/// is not selected is neither sent nor leaked.
#[diesel::dsl::auto_type(no_type_alias)]
pub fn profiles_query(ids: &[UserId]) -> _ {
    let numbers: Vec<i64> = ids.iter().map(|id| id.number()).collect();
    let columns = (users::id, users::name, users::created_at);
    users::table.filter(users::id.eq_any(numbers)).select(columns)
}
