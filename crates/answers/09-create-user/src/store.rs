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
#[derive(Debug, Queryable, Serialize, ToSchema)]
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

/// The profile of one account, by primary key.
///
/// # Errors
/// Whatever the database says.
pub fn profile(connection: &mut PgConnection, id: UserId) -> QueryResult<Option<Profile>> {
    profile_query(id).get_result(connection).optional()
}

/// The statement of [`profile`], apart so that its plan can be held by a test. Three columns: what
/// is not selected is neither sent nor leaked.
#[diesel::dsl::auto_type(no_type_alias)]
pub fn profile_query(id: UserId) -> _ {
    let number: i64 = id.number();
    let columns = (users::id, users::name, users::created_at);
    users::table.find(number).select(columns)
}
