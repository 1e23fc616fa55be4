//! Five ways to give an address to one account, two of which fail.

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::Text;
use evidence::RungKind;

use crate::model::NewUser;
use crate::{store, tempting};

/// What a client is told.
pub(super) enum Told {
    Created,
    Taken,
}

/// One way to store an account; it counts how often it has to begin again.
pub(super) type Attempt = fn(&mut PgConnection, &NewUser, &mut u64) -> QueryResult<Told>;

pub(super) struct Variant {
    pub(super) id: &'static str,
    pub(super) kind: RungKind,
    pub(super) name: &'static str,
    pub(super) table: &'static str,
    pub(super) attempt: Attempt,
}

pub(super) const VARIANTS: [Variant; 5] = [
    Variant {
        id: "nothing",
        kind: RungKind::Wrong,
        name: "insert, no constraint",
        table: "users_unguarded",
        attempt: |connection, user, _| {
            tempting::insert_unguarded(connection, user).map(|()| Told::Created)
        },
    },
    Variant {
        id: "check",
        kind: RungKind::Tempting,
        name: "check, then insert",
        table: "users_unguarded",
        attempt: |connection, user, _| tempting::check_then_insert(connection, user).map(told),
    },
    Variant {
        id: "constraint",
        kind: RungKind::Right,
        name: "unique constraint",
        table: "users",
        attempt: insert,
    },
    Variant {
        id: "lock",
        kind: RungKind::Costly,
        name: "advisory lock, check, insert",
        table: "users_unguarded",
        attempt: check_under_lock,
    },
    Variant {
        id: "serializable",
        kind: RungKind::Costly,
        name: "serializable, check, insert",
        table: "users_unguarded",
        attempt: check_serializable,
    },
];

fn told(was_free: bool) -> Told {
    if was_free { Told::Created } else { Told::Taken }
}

/// The server's own statement and the constraint's name.
fn insert(connection: &mut PgConnection, user: &NewUser, _: &mut u64) -> QueryResult<Told> {
    match store::insert(connection, user) {
        Ok(_) => Ok(Told::Created),
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, information))
            if information.constraint_name() == Some(store::EMAIL_UNIQUE) =>
        {
            Ok(Told::Taken)
        }
        Err(error) => Err(error),
    }
}

/// Right as long as every writer remembers the lock, and the database cannot remind one.
fn check_under_lock(
    connection: &mut PgConnection,
    user: &NewUser,
    _: &mut u64,
) -> QueryResult<Told> {
    connection.transaction(|connection| {
        diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
            .bind::<Text, _>(user.email.normalized())
            .execute(connection)?;
        tempting::check_then_insert(connection, user).map(told)
    })
}

/// Right as well: the database notices that two looks overlapped, and one begins again.
fn check_serializable(
    connection: &mut PgConnection,
    user: &NewUser,
    retries: &mut u64,
) -> QueryResult<Told> {
    loop {
        let outcome = connection
            .build_transaction()
            .serializable()
            .run(|connection| tempting::check_then_insert(connection, user));
        match outcome {
            Err(Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _)) => *retries += 1,
            outcome => return outcome.map(told),
        }
    }
}
