//! A statement around a statement.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz};

/// Makes of an INSERT or UPDATE that returns whole rows one that also returns the category's name:
/// one round trip, and the answer is the row as this statement left it.
#[derive(QueryId)]
pub(super) struct Named<Q>(pub(super) Q);

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Named<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH written AS (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(
            ") SELECT written.id, title, completed, sort_order, category_id, categories.name,
                      written.version, created_at
               FROM written LEFT JOIN categories
                 ON categories.user_id = written.user_id AND categories.id = category_id",
        );
        Ok(())
    }
}

impl<Q> Query for Named<Q> {
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

impl<Q> RunQueryDsl<PgConnection> for Named<Q> {}
