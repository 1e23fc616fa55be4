//! Statements that every build may use. Values are bound; each is scoped where it says so.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use serde::Serialize;

/// A note as its reader sees it.
#[derive(Debug, QueryableByName, Serialize)]
pub(super) struct Note {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    title: String,
    #[diesel(sql_type = Text)]
    body: String,
}

/// An order.
#[derive(Debug, QueryableByName, Serialize)]
pub(super) struct Order {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    owner: i64,
    #[diesel(sql_type = Text)]
    item: String,
}

/// An account as its owner sees it.
#[derive(Debug, QueryableByName, Serialize)]
pub(super) struct Person {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = BigInt)]
    balance: i64,
}

/// What a password is compared with.
#[derive(Debug, QueryableByName)]
pub(super) struct Credentials {
    #[diesel(sql_type = BigInt)]
    pub(super) id: i64,
    #[diesel(sql_type = Text)]
    pub(super) password_hash: String,
}

#[derive(QueryableByName)]
struct Comment {
    #[diesel(sql_type = Text)]
    text: String,
}

pub(super) fn public_notes(
    connection: &mut PgConnection,
    author: i64,
    title: &str,
) -> QueryResult<Vec<Note>> {
    sql_query(
        "SELECT id, title, body FROM notes
         WHERE public AND author = $1 AND strpos(title, $2) > 0 ORDER BY id LIMIT 100",
    )
    .bind::<BigInt, _>(author)
    .bind::<Text, _>(title)
    .load(connection)
}

/// Whoever's it is.
pub(super) fn any_order(connection: &mut PgConnection, id: i64) -> QueryResult<Option<Order>> {
    let query = sql_query("SELECT id, owner, item FROM orders WHERE id = $1");
    query.bind::<BigInt, _>(id).get_result(connection).optional()
}

/// Somebody else's order does not exist.
pub(super) fn own_order(
    connection: &mut PgConnection,
    owner: i64,
    id: i64,
) -> QueryResult<Option<Order>> {
    sql_query("SELECT id, owner, item FROM orders WHERE id = $1 AND owner = $2")
        .bind::<BigInt, _>(id)
        .bind::<BigInt, _>(owner)
        .get_result(connection)
        .optional()
}

pub(super) fn person(connection: &mut PgConnection, id: i64) -> QueryResult<Option<Person>> {
    let query = sql_query("SELECT id, name, role, balance FROM people WHERE id = $1");
    query.bind::<BigInt, _>(id).get_result(connection).optional()
}

pub(super) fn credentials(
    connection: &mut PgConnection,
    name: &str,
) -> QueryResult<Option<Credentials>> {
    let query = sql_query("SELECT id, password_hash FROM people WHERE name = $1");
    query.bind::<Text, _>(name).get_result(connection).optional()
}

pub(super) fn rename(connection: &mut PgConnection, id: i64, name: &str) -> QueryResult<usize> {
    sql_query("UPDATE people SET name = $2 WHERE id = $1")
        .bind::<BigInt, _>(id)
        .bind::<Text, _>(name)
        .execute(connection)
}

/// Sets every column that the object has a member for, whichever that is.
pub(super) fn merge(connection: &mut PgConnection, id: i64, changes: &str) -> QueryResult<usize> {
    sql_query(
        "UPDATE people AS p SET (name, role, balance) =
            (SELECT name, role, balance FROM jsonb_populate_record(p, $2::jsonb)) WHERE id = $1",
    )
    .bind::<BigInt, _>(id)
    .bind::<Text, _>(changes)
    .execute(connection)
}

pub(super) fn add_comment(connection: &mut PgConnection, text: &str) -> QueryResult<usize> {
    sql_query("INSERT INTO comments (text) VALUES ($1)").bind::<Text, _>(text).execute(connection)
}

pub(super) fn comments(connection: &mut PgConnection) -> QueryResult<Vec<String>> {
    let query = "SELECT text FROM comments ORDER BY id DESC LIMIT 100";
    Ok(sql_query(query).load::<Comment>(connection)?.into_iter().map(|row| row.text).collect())
}

/// Moves money if there is enough, in one statement, so that two transfers cannot both see it.
pub(super) fn transfer(
    connection: &mut PgConnection,
    from: i64,
    to: &str,
    amount: i64,
) -> QueryResult<usize> {
    sql_query(
        "WITH paid AS (UPDATE people SET balance = balance - $3
                       WHERE id = $1 AND balance >= $3 AND name <> $2 RETURNING id)
         UPDATE people SET balance = balance + $3
         WHERE name = $2 AND EXISTS (SELECT FROM paid)",
    )
    .bind::<BigInt, _>(from)
    .bind::<Text, _>(to)
    .bind::<BigInt, _>(amount)
    .execute(connection)
}
