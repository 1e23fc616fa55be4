//! Pages that read the store for each visitor, or for each who comes at the wrong moment.

use actix_web::{HttpResponse, web};
use error_handling::{Path, Problem};
use foundation::database::Database;
use foundation::metrics::Metrics;

use super::{READS, Till, failed};
use crate::catalogue::{Catalogue, PostgresCatalogue};
use crate::model::{Product, Sku};

/// Each visitor reads the store.
pub(super) async fn uncached(
    database: web::Data<Database>,
    metrics: web::Data<Metrics>,
    Path(sku): Path<String>,
) -> Result<HttpResponse, Problem> {
    let found = read(&database, &metrics, &sku).await?;
    Ok(HttpResponse::Ok().json(found))
}

/// GET, load, SET: whoever finds nothing loads, and that is everybody at the same moment.
pub(super) async fn copied(
    till: web::Data<Till>,
    database: web::Data<Database>,
    metrics: web::Data<Metrics>,
    Path(sku): Path<String>,
) -> Result<HttpResponse, Problem> {
    let copy = till.copy.as_ref().ok_or_else(|| failed("there is no Redis"))?;
    let sku = Sku::parse(&sku).map_err(|_| failed("no sku"))?;
    if let Some(product) = copy.find(&sku).await? {
        return Ok(HttpResponse::Ok().json(product));
    }
    let found = read(&database, &metrics, sku.as_str()).await?;
    copy.put(found.iter().cloned().collect()).await?;
    Ok(HttpResponse::Ok().json(found))
}

async fn read(
    database: &Database,
    metrics: &Metrics,
    sku: &str,
) -> Result<Option<Product>, Problem> {
    metrics.count(READS, "Reads of the store", 1);
    let sku = Sku::parse(sku).map_err(|_| failed("no sku"))?;
    PostgresCatalogue::new(database.clone()).find(&sku).await
}
