//! Documents as `jsonb`, beside the orders: one transaction writes both, any member can be asked for
//! and indexed, and nothing has to be kept the same in two places.

use diesel::PgConnection;
use error_handling::Problem;
use foundation::database::Database;

use super::Catalogue;
use crate::model::{Product, Sku};
use crate::store::products;

/// Documents in PostgreSQL; cheap to clone.
#[derive(Clone, Debug)]
pub struct PostgresCatalogue(Database);

impl PostgresCatalogue {
    /// In this database.
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self(database)
    }
}

impl Catalogue for PostgresCatalogue {
    async fn find(&self, sku: &Sku) -> Result<Option<Product>, Problem> {
        let sku = sku.clone();
        self.0.run(move |connection| products::find(connection, &sku)).await
    }

    async fn page(&self, after: Option<&Sku>, most: u16) -> Result<Vec<Product>, Problem> {
        let after = after.cloned();
        let page = move |connection: &mut PgConnection| {
            products::documents(connection, after.as_ref(), most.into())
        };
        self.0.run(page).await
    }

    async fn put(&self, all: Vec<Product>) -> Result<(), Problem> {
        let put = move |connection: &mut PgConnection| products::put(connection, &all).map(drop);
        self.0.run_write(put).await
    }
}
