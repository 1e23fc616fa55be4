//! A few pages of the catalogue, by what a visitor is looking for.

use diesel::dsl::sql;
use diesel::helper_types::IntoBoxed;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Text};
use error_handling::{InvalidField, Problem};
use foundation::paging::{Limit, decode_cursor};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::model::{PageId, Price, Slug, parse_text};
use crate::schema::catalogue_pages;

/// Parameters of the search.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchParameters {
    /// Only pages of this category.
    #[param(example = "garden")]
    category: Option<String>,
    /// Only what costs so much or more, in cents.
    #[param(minimum = 0, maximum = 100_000_000)]
    min_price: Option<i64>,
    /// Only what costs so much or less, in cents.
    #[param(minimum = 0, maximum = 100_000_000)]
    max_price: Option<i64>,
    /// Words that title or text have, as in a search engine: `steel -rusty "long handle"`.
    #[param(max_length = 100)]
    q: Option<String>,
    /// Pages at once, 1 to 100; 20 when absent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
    /// Where to go on, from the `Link` header of the answer before.
    cursor: Option<String>,
}

/// A search that can be asked for.
#[derive(Clone, Debug)]
pub struct Search {
    category: Option<String>,
    lowest: Option<Price>,
    highest: Option<Price>,
    words: Option<String>,
    after: Option<Position>,
    /// How many at once.
    pub limit: Limit,
}

/// A place in the order of the search.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Position(i32, i64);

impl SearchParameters {
    /// Checks every parameter.
    ///
    /// # Errors
    /// 422 that names each refused parameter; 400 for a cursor that is not ours.
    pub fn parse(self) -> Result<Search, Problem> {
        let mut refused: Vec<InvalidField> = Vec::new();
        let mut keep = |name: &str, why: error_handling::Rejection| {
            refused.push(why.in_parameter(name));
        };
        let category = self.category.as_deref().map(Slug::parse).transpose();
        let category = category.unwrap_or_else(|why| {
            keep("category", why);
            None
        });
        let mut price = |name: &str, cents: Option<i64>| {
            cents.map(Price::from_cents).transpose().unwrap_or_else(|why| {
                keep(name, why);
                None
            })
        };
        let (lowest, highest) =
            (price("min_price", self.min_price), price("max_price", self.max_price));
        let words = self.q.as_deref().map(|words| parse_text(words, 100)).transpose();
        let words = words.unwrap_or_else(|why| {
            keep("q", why);
            None
        });
        if !refused.is_empty() {
            return Err(Problem::invalid(refused));
        }
        Ok(Search {
            category: category.map(|slug| slug.as_str().to_owned()),
            lowest,
            highest,
            words,
            after: decode_cursor(self.cursor.as_deref())?,
            limit: Limit::parse(self.limit, 20, 100)?,
        })
    }
}

/// A page as a search finds it.
#[derive(Clone, Debug, Queryable, Serialize, ToSchema)]
#[schema(as = CataloguePage)]
pub struct Found {
    /// Identifies it.
    #[diesel(deserialize_as = i64)]
    #[schema(value_type = i64, example = 17)]
    pub id: PageId,
    /// The last segment of its address.
    #[schema(example = "garden-spade")]
    pub slug: String,
    /// Its title.
    #[schema(example = "Garden spade")]
    pub title: String,
    /// Where it belongs.
    #[schema(example = "garden")]
    pub category: String,
    /// What it costs, in cents.
    #[schema(example = 2495)]
    pub price_cents: i32,
    /// How many there are.
    #[schema(example = 12)]
    pub stock: i32,
}

impl Found {
    /// Its place in the order.
    #[must_use]
    pub fn position(&self) -> Position {
        Position(self.price_cents, self.id.number())
    }
}

#[diesel::dsl::auto_type]
fn columns() -> _ {
    catalogue_pages::table.select((
        catalogue_pages::id,
        catalogue_pages::slug,
        catalogue_pages::title,
        catalogue_pages::category,
        catalogue_pages::price_cents,
        catalogue_pages::stock,
    ))
}

/// The statement of [`page`], apart so that its plan can be held by a test.
///
/// In order of price and then id, which no two pages share: an order with ties would let paging
/// repeat and skip.
#[must_use]
pub fn listing<'a>(search: &Search) -> IntoBoxed<'a, columns, Pg> {
    let mut query = columns().filter(catalogue_pages::live).into_boxed();
    if let Some(category) = &search.category {
        query = query.filter(catalogue_pages::category.eq(category.clone()));
    }
    if let Some(lowest) = search.lowest {
        query = query.filter(catalogue_pages::price_cents.ge(lowest.cents()));
    }
    if let Some(highest) = search.highest {
        query = query.filter(catalogue_pages::price_cents.le(highest.cents()));
    }
    if let Some(words) = &search.words {
        // `websearch_to_tsquery` refuses nothing: whatever a visitor types is a search.
        query = query.filter(
            sql::<Bool>("catalogue_pages.words @@ websearch_to_tsquery('english', ")
                .bind::<Text, _>(words.clone())
                .sql(")"),
        );
    }
    if let Some(Position(price, id)) = search.after {
        query = query.filter(
            sql::<Bool>("(catalogue_pages.price_cents, catalogue_pages.id) > (")
                .bind::<Integer, _>(price)
                .sql(", ")
                .bind::<BigInt, _>(id)
                .sql(")"),
        );
    }
    // A sum has no index: without it the planner may walk all prices for the few that have a word.
    let query = match &search.words {
        Some(_) => query.order((catalogue_pages::price_cents + 0, catalogue_pages::id)),
        None => query.order((catalogue_pages::price_cents, catalogue_pages::id)),
    };
    query.limit(search.limit.rows_to_fetch())
}

/// One page of results, and one result more if there is a next page.
///
/// # Errors
/// Whatever the database says.
pub fn page(connection: &mut PgConnection, search: &Search) -> QueryResult<Vec<Found>> {
    listing(search).load(connection)
}
