//! The statements of the orders service.

use chrono::NaiveDate;
use diesel::connection::SimpleConnection;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};

use super::schema::{orders, terms};
use super::setup::Ordering;

/// Orders of a page.
const PAGE: i64 = 20;

/// One shop has four orders of five, as one customer always has most of everything: to PostgreSQL a
/// plan for that shop is not the plan for any shop.
const TABLES: &str = "\
CREATE SCHEMA lab;
CREATE TABLE lab.terms (
    shop_id bigint PRIMARY KEY,
    version bigint NOT NULL,
    free_delivery_from_cents bigint NOT NULL
);
INSERT INTO lab.terms VALUES (1, 1, 3000);
CREATE TABLE lab.orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shop_id bigint NOT NULL,
    reference text NOT NULL,
    placed_on date NOT NULL,
    status text NOT NULL,
    total_cents bigint NOT NULL
) WITH (autovacuum_enabled = false);
INSERT INTO lab.orders (shop_id, reference, placed_on, status, total_cents)
SELECT CASE WHEN n <= 1600 THEN 1 ELSE n - 1599 END,
       'SYW-' || upper(substr(md5(n::text), 1, 8)),
       -- The newest twenty make a page: five days of four orders each.
       CASE WHEN n <= 20 THEN date '2026-11-20' - (n - 1) / 4 ELSE date '2026-10-30' - n % 300 END,
       (ARRAY['paid', 'packed', 'sent'])[n % 3 + 1],
       500 + n * 37 % 9000
FROM generate_series(1, 2000) AS n;
CREATE INDEX orders_of_a_shop ON lab.orders (shop_id, reference);
ANALYZE lab.orders;";

/// Rows that [`create`] writes.
pub(crate) const ROWS: u64 = 2_001;

/// An order as it is stored.
#[derive(Clone, Debug, Queryable)]
pub(super) struct Order {
    pub(super) id: i64,
    pub(super) reference: String,
    pub(super) placed_on: NaiveDate,
    pub(super) status: String,
    pub(super) total_cents: i64,
}

/// What a shop promises its customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub(super) struct Terms {
    pub(super) version: i64,
    pub(super) free_delivery_from_cents: i64,
}

/// Makes the tables of one shop's orders.
pub(super) fn create(connection: &mut PgConnection) -> QueryResult<()> {
    connection.batch_execute(TABLES)
}

type Newest =
    orders::BoxedQuery<'static, Pg, ((BigInt, Text, Date, Text, BigInt), Nullable<BigInt>)>;

fn newest(shop: i64, ordering: Ordering) -> Newest {
    let version = terms::table.filter(terms::shop_id.eq(shop)).select(terms::version);
    let columns =
        (orders::id, orders::reference, orders::placed_on, orders::status, orders::total_cents);
    let of_the_shop = orders::table
        .filter(orders::shop_id.eq(shop))
        .select((columns, version.single_value()))
        .limit(PAGE)
        .into_boxed();
    match ordering {
        Ordering::ByDate => of_the_shop.order(orders::placed_on.desc()),
        Ordering::ByDateAndId => of_the_shop.order((orders::placed_on.desc(), orders::id.desc())),
    }
}

/// The newest orders of a shop, and the version of its terms in the same statement.
pub(super) fn newest_orders(
    connection: &mut PgConnection,
    shop: i64,
    ordering: Ordering,
) -> QueryResult<Vec<(Order, Option<i64>)>> {
    newest(shop, ordering).load(connection)
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    line: String,
}

/// The plan of [`newest_orders`] by day, made for this shop and made for any shop.
pub(super) fn plans(connection: &mut PgConnection, shop: i64) -> QueryResult<[String; 2]> {
    let shown = diesel::debug_query::<Pg, _>(&newest(shop, Ordering::ByDate)).to_string();
    let (statement, binds) = shown.split_once(" -- binds: ").unwrap_or((&shown, ""));
    let binds = binds.trim_matches(['[', ']']);
    connection.batch_execute(&format!("PREPARE newest AS {statement}"))?;
    let mut plan = |mode: &str| -> QueryResult<String> {
        connection.batch_execute(&format!("SET plan_cache_mode = {mode}"))?;
        let explain = format!("EXPLAIN (COSTS OFF) EXECUTE newest({binds})");
        let lines: Vec<Line> = diesel::sql_query(explain).load(connection)?;
        Ok(lines.into_iter().map(|line| line.line + "\n").collect())
    };
    let both = [plan("force_custom_plan")?, plan("force_generic_plan")?];
    connection.batch_execute("DEALLOCATE newest; RESET plan_cache_mode")?;
    Ok(both)
}

/// The terms of a shop.
pub(super) fn terms(connection: &mut PgConnection, shop: i64) -> QueryResult<Terms> {
    let columns = (terms::version, terms::free_delivery_from_cents);
    terms::table.find(shop).select(columns).first(connection)
}

/// Changes the terms of a shop; committed when it returns.
pub(super) fn change_terms(
    connection: &mut PgConnection,
    shop: i64,
    free_delivery_from_cents: i64,
) -> QueryResult<()> {
    diesel::update(terms::table.find(shop))
        .set((
            terms::version.eq(terms::version + 1),
            terms::free_delivery_from_cents.eq(free_delivery_from_cents),
        ))
        .execute(connection)
        .map(drop)
}
