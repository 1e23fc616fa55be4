//! Tables, and the insert, for which Diesel has no expression.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{Array, BigInt, SmallInt, Text, Timestamptz};

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
