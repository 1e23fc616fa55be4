//! Whose keys are whose, where one Redis serves several databases.

use diesel::sql_types::Text;
use diesel::{PgConnection, QueryResult, QueryableByName, RunQueryDsl};

#[derive(QueryableByName)]
struct Prefix {
    #[diesel(sql_type = Text)]
    prefix: String,
}

/// Names the cluster and the database. A role that may not read the cluster's identifier, as with
/// some hosted ones, leaves the name and number of the database, which is unique enough there.
pub(super) fn prefix_of(connection: &mut PgConnection) -> QueryResult<String> {
    let query = |cluster: &str| {
        format!(
            "SELECT concat({cluster}, '-', oid, ':') AS prefix \
             FROM pg_database WHERE datname = current_database()"
        )
    };
    let whole = query("(SELECT system_identifier FROM pg_control_system())");
    diesel::sql_query(whole)
        .get_result::<Prefix>(connection)
        .or_else(|_| diesel::sql_query(query("datname")).get_result(connection))
        .map(|row| row.prefix)
}
