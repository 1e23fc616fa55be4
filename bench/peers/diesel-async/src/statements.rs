//! Tables, and the two inserts for which Diesel has no expression.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, SmallInt, Text, Timestamptz};

diesel::table! {
    users (id) {
        id -> BigInt,
        name -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    log_entries (logged_at, id) {
        id -> BigInt,
        logged_at -> Timestamptz,
        level -> SmallInt,
        service -> Text,
        message -> Text,
    }
}

diesel::table! {
    todos (user_id, id) {
        user_id -> BigInt,
        id -> BigInt,
        title -> Text,
        completed -> Bool,
        sort_order -> Nullable<Integer>,
        category_id -> Nullable<BigInt>,
        version -> Integer,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    categories (user_id, id) {
        user_id -> BigInt,
        id -> BigInt,
        name -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(todos, categories);

/// `sql/todo_create.sql`, as [`Insert`] is `sql/insert.sql`.
#[derive(QueryId)]
pub(crate) struct CreateTodo {
    pub(crate) user: i64,
    pub(crate) title: String,
}

impl Query for CreateTodo {
    type SqlType = (
        BigInt,
        Text,
        Bool,
        Nullable<Integer>,
        Nullable<BigInt>,
        Nullable<Text>,
        Integer,
        Timestamptz,
    );
}

impl QueryFragment<Pg> for CreateTodo {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let (before, after) =
            include_str!("../../../sql/todo_create.sql").split_once("$1, $2").unwrap_or_default();
        out.push_sql(before);
        out.push_bind_param::<BigInt, _>(&self.user)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&self.title)?;
        out.push_sql(after);
        Ok(())
    }
}

/// `sql/insert.sql` as a query of its own type: `sql_query` would be prepared anew each time.
#[derive(Default, QueryId)]
pub(crate) struct Insert {
    times: Vec<DateTime<Utc>>,
    levels: Vec<i16>,
    services: Vec<String>,
    messages: Vec<String>,
}

impl Insert {
    pub(crate) fn push(&mut self, at: DateTime<Utc>, level: i16, service: String, message: String) {
        self.times.push(at);
        self.levels.push(level);
        self.services.push(service);
        self.messages.push(message);
    }
}

impl Query for Insert {
    type SqlType = (BigInt, BigInt);
}

impl QueryFragment<Pg> for Insert {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // The file's text with a bind at each placeholder, in the order of the columns.
        let (before, after) = include_str!("../../../sql/insert.sql")
            .split_once("$1, $2, $3, $4")
            .unwrap_or_default();
        out.push_sql(before);
        out.push_bind_param::<Array<Timestamptz>, _>(&self.times)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<SmallInt>, _>(&self.levels)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.services)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.messages)?;
        out.push_sql(after);
        Ok(())
    }
}
