//! What is shown of products: documents, behind one trait with two implementations.
//!
//! PostgreSQL is the truth in both cases: Redis holds copies that may be gone or, for a moment, old.

mod postgres;
mod redis;

use error_handling::Problem;

pub use self::postgres::PostgresCatalogue;
pub use self::redis::RedisCatalogue;
use crate::model::{Product, Sku};

/// A store of product documents.
///
/// Static dispatch, as which one it is, is known where it is made; a `dyn Catalogue` would box a
/// future for each read.
pub trait Catalogue {
    /// One product; `None` where this store has none, which of a copy does not mean that there is
    /// none.
    ///
    /// # Errors
    /// 503 when the store does not answer.
    fn find(&self, sku: &Sku) -> impl Future<Output = Result<Option<Product>, Problem>>;

    /// At most `most` products after one of them, in order of sku.
    ///
    /// # Errors
    /// As [`Catalogue::find`].
    fn page(
        &self,
        after: Option<&Sku>,
        most: u16,
    ) -> impl Future<Output = Result<Vec<Product>, Problem>>;

    /// Stores products. A copy keeps what is newer.
    ///
    /// # Errors
    /// As [`Catalogue::find`].
    fn put(&self, products: Vec<Product>) -> impl Future<Output = Result<(), Problem>>;
}

/// The server's own: a copy where there is one, the truth where it has nothing to tell.
#[derive(Debug)]
pub struct Shelf {
    /// In front.
    pub copy: Option<RedisCatalogue>,
    /// Behind.
    pub truth: PostgresCatalogue,
}

impl Shelf {
    /// One product. A copy that is gone costs its wait once, and no failure.
    ///
    /// # Errors
    /// 503 when the database does not answer.
    pub async fn find(&self, sku: &Sku) -> Result<Option<Product>, Problem> {
        let Some(copy) = &self.copy else { return self.truth.find(sku).await };
        if let Ok(Some(product)) = copy.find(sku).await {
            return Ok(Some(product));
        }
        let found = self.truth.find(sku).await?;
        if let Some(product) = &found {
            // Whether this reaches Redis changes nothing for this reader.
            let _ = copy.put(vec![product.clone()]).await;
        }
        Ok(found)
    }
}
