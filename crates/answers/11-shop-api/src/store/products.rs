//! The statements on `shop_products`.

use diesel::helper_types::IntoBoxed;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel::query_dsl::LoadQuery;
use diesel::sql_types::{Array, BigInt, Integer, Jsonb, Nullable, Text};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::model::{Cents, Product, Sku};
use crate::schema::{shop_products, shop_stock};

type Columns = (
    shop_products::sku,
    shop_products::price_cents,
    shop_products::document,
    shop_products::version,
);
const COLUMNS: Columns = (
    shop_products::sku,
    shop_products::price_cents,
    shop_products::document,
    shop_products::version,
);

type Row = (String, i64, Value, i32);

#[diesel::dsl::auto_type]
fn all() -> _ {
    let columns: Columns = COLUMNS;
    shop_products::table.select(columns)
}

/// The statement of [`find`], apart so that its plan can be held by a test.
#[must_use]
pub fn find_query(sku: &Sku) -> IntoBoxed<'_, all, Pg> {
    all().filter(shop_products::sku.eq(sku.as_str())).into_boxed()
}

/// One product.
///
/// # Errors
/// Whatever the database says.
pub fn find(connection: &mut PgConnection, sku: &Sku) -> QueryResult<Option<Product>> {
    let row: Option<Row> = find_query(sku).first(connection).optional()?;
    Ok(row.and_then(product))
}

/// A product as lists have it: without its document, which may be long.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName, Serialize, Deserialize, ToSchema)]
#[schema(as = ShopProductSummary)]
pub struct Summary {
    /// What it is called in orders.
    #[diesel(sql_type = Text)]
    #[schema(example = "red-shoe-42")]
    pub sku: String,
    /// What people call it, if its document says so.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// What one costs.
    #[diesel(sql_type = BigInt)]
    #[schema(example = 4_990)]
    pub price_cents: i64,
    /// How many there were, a second ago at the most.
    #[diesel(sql_type = BigInt)]
    pub available: i64,
}

/// The statement of [`page`], apart so that its plan can be held by a test.
#[must_use]
pub fn page_query(
    after: Option<&Sku>,
    rows: i64,
) -> impl QueryFragment<Pg> + QueryId + for<'query> LoadQuery<'query, PgConnection, Summary> + use<>
{
    // A first page comes after the empty text, which is no sku: one statement, one plan. A look at
    // the stock of each row that is shown, instead of a join, which may read all stock for a page.
    diesel::sql_query(
        "SELECT sku, document ->> 'name' AS name, price_cents, coalesce(
                (SELECT available FROM shop_stock AS stock WHERE stock.sku = product.sku), 0
            ) AS available
         FROM shop_products AS product WHERE sku > $1 ORDER BY sku LIMIT $2",
    )
    .bind::<Text, _>(after.map_or("", Sku::as_str).to_owned())
    .bind::<BigInt, _>(rows)
}

/// At most `rows` products on sale after one of them, in order of sku.
///
/// # Errors
/// Whatever the database says.
pub fn page(
    connection: &mut PgConnection,
    after: Option<&Sku>,
    rows: i64,
) -> QueryResult<Vec<Summary>> {
    page_query(after, rows).load(connection)
}

/// At most `most` whole products after one of them, in order of sku.
///
/// # Errors
/// Whatever the database says.
pub fn documents(
    connection: &mut PgConnection,
    after: Option<&Sku>,
    most: i64,
) -> QueryResult<Vec<Product>> {
    let after = shop_products::sku.gt(after.map_or("", Sku::as_str));
    let page = all().filter(after).order(shop_products::sku).limit(most);
    let rows: Vec<Row> = page.load(connection)?;
    Ok(rows.into_iter().filter_map(product).collect())
}

/// A row that the constraints of its table let in is a product.
fn product((sku, price, document, version): Row) -> Option<Product> {
    let (sku, price_cents) = (Sku::parse(&sku).ok()?, Cents::new(price).ok()?);
    Some(Product { sku, price_cents, document, version })
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    sku: String,
}

/// The statement of [`related`], apart so that its plan can be held by a test.
#[must_use]
pub fn related_query(
    category: &str,
    most: i64,
) -> impl QueryFragment<Pg> + QueryId + for<'query> LoadQuery<'query, PgConnection, RelatedRow> + use<>
{
    diesel::sql_query(
        "SELECT sku FROM shop_products
         WHERE document ->> 'category' = $1 AND document ->> 'category' IS NOT NULL
         ORDER BY sku LIMIT $2",
    )
    .bind::<Text, _>(category.to_owned())
    .bind::<BigInt, _>(most)
}

/// A row of [`related_query`].
#[derive(Debug, QueryableByName)]
pub struct RelatedRow {
    #[diesel(sql_type = Text)]
    sku: String,
}

/// The first products of a category.
///
/// # Errors
/// Whatever the database says.
pub fn related(
    connection: &mut PgConnection,
    category: &str,
    most: i64,
) -> QueryResult<Vec<String>> {
    let rows: Vec<RelatedRow> = related_query(category, most).load(connection)?;
    Ok(rows.into_iter().map(|row| row.sku).collect())
}

/// Stores products, each in its next version where it is there already and differs; returns those
/// that were written.
///
/// # Errors
/// A violation of `shop_products_document_bounded` for a document that is no object or too large.
pub fn put(connection: &mut PgConnection, products: &[Product]) -> QueryResult<Vec<String>> {
    let skus: Vec<&str> = products.iter().map(|product| product.sku.as_str()).collect();
    let prices: Vec<i64> = products.iter().map(|product| product.price_cents.get()).collect();
    let documents: Vec<&Value> = products.iter().map(|product| &product.document).collect();
    let versions: Vec<i32> = products.iter().map(|product| product.version).collect();
    let written: Vec<Named> = diesel::sql_query(
        "INSERT INTO shop_products AS kept (sku, price_cents, document, version)
         SELECT * FROM unnest($1, $2, $3, $4)
         ON CONFLICT (sku) DO UPDATE
             SET price_cents = EXCLUDED.price_cents, document = EXCLUDED.document,
                 version = kept.version + 1
             WHERE (kept.price_cents, kept.document) <> (EXCLUDED.price_cents, EXCLUDED.document)
         RETURNING sku",
    )
    .bind::<Array<Text>, _>(skus)
    .bind::<Array<BigInt>, _>(prices)
    .bind::<Array<Jsonb>, _>(documents)
    .bind::<Array<Integer>, _>(versions)
    .load(connection)?;
    Ok(written.into_iter().map(|row| row.sku).collect())
}

/// Puts a product on sale: so many may be ordered from now on, beside those that are reserved or
/// sold. Run it in a transaction.
///
/// # Errors
/// As [`put`], and for less than none.
pub fn put_on_sale(
    connection: &mut PgConnection,
    product: &Product,
    available: i64,
) -> QueryResult<()> {
    put(connection, std::slice::from_ref(product))?;
    diesel::insert_into(shop_stock::table)
        .values((shop_stock::sku.eq(product.sku.as_str()), shop_stock::available.eq(available)))
        .on_conflict(shop_stock::sku)
        .do_update()
        .set(shop_stock::available.eq(available))
        .execute(connection)
        .map(|_| ())
}
