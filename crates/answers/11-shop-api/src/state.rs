//! What all requests of a server share: caches, bounds, switches, and the secret of the provider.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use auth::{LimitsUsers, UserId};
use background_jobs::Workers;
use caching::{Cache, CacheSettings, Caches};
use error_handling::Problem;
use foundation::database::Database;
use foundation::metrics::Metrics;
use foundation::module::{Share, StartFailure, Starting};
use foundation::rate_limit::RateLimit;
use foundation::signature::Secret;

use crate::admission::Admission;
use crate::catalogue::{PostgresCatalogue, RedisCatalogue, Shelf};
use crate::counts::Counts;
use crate::model::{Product, Sku};
use crate::payments::{self, Charger};
use crate::store::products::{self, Summary};
use crate::store::stock;
use crate::switches::Switches;
use crate::terms::Terms;

/// How long a document is kept, in caches and in Redis: so old is a page that a write did not reach.
pub(crate) const DOCUMENT_LIFETIME: Duration = Duration::from_secs(60);

/// How old a number of pieces may be that is shown. It decides nothing, so a second is right: in a
/// sale one read a second, instead of one for each visitor, on the row that orders wait for.
const STOCK_AGE: Duration = Duration::from_secs(1);

/// Products that are recommended on the page of another.
const RELATED: usize = 4;

/// Nothing in it changes after the start, so workers share it without a lock; what counts and what
/// is cached has locks of its own.
pub(crate) struct Shop {
    pub(crate) terms: Terms,
    pub(crate) admission: Admission,
    pub(crate) switches: Switches,
    pub(crate) secret: Option<Secret>,
    /// Of all that a page shows and orders do not change.
    documents: Cache<Product>,
    /// Pieces by sku.
    pieces: Cache<i64>,
    front: Cache<Vec<Summary>>,
    related: Cache<Vec<String>>,
    copy: Option<RedisCatalogue>,
    per_user: Option<RateLimit<UserId>>,
    pub(crate) counts: Counts,
    workers: Option<Workers>,
    metrics: Metrics,
}

impl Shop {
    /// Starts what the routes need, sign-in included; also the jobs where a provider is set.
    pub(crate) fn start(starting: &mut Starting<'_>) -> Result<Share, StartFailure> {
        let share_auth = auth::start(starting)?;
        let workers = match Charger::of(&starting.config.shop) {
            Some(charger) => {
                let workers = background_jobs::start(starting)?;
                payments::register(&workers, charger)?;
                Some(workers)
            }
            None => None,
        };
        let shop = web::Data::new(Self::open(starting, workers)?);
        Ok(Arc::new(move |config| {
            share_auth(config);
            config.app_data(shop.clone());
        }))
    }

    fn open(starting: &mut Starting<'_>, workers: Option<Workers>) -> Result<Self, StartFailure> {
        let (metrics, config) = (starting.metrics.clone(), &starting.config.shop);
        let at_once = config.shop_checkouts_in_flight;
        let secret = config.shop_payment_secret.as_ref();
        let secret =
            secret.map(|it| Secret::of_setting(payments::SECRET_SETTING, it)).transpose()?;
        let caches = Caches::start(starting)?;
        // What is not there is not kept: there are as many skus that no product has as somebody
        // cares to ask for.
        let settings = |name, ttl| CacheSettings {
            ttl,
            negative_ttl: Duration::ZERO,
            // As long as a load may wait for the database: one replica loads the hot product.
            patience: Duration::from_secs(1),
            capacity: 2_000,
            ..CacheSettings::new(name)
        };
        let limit = NonZeroU32::new(starting.config.auth.user_rate_limit);
        let per_minute = |limit| RateLimit::new("shop-user", limit, Duration::from_secs(60));
        let shop = Self {
            terms: Terms::of(config),
            admission: Admission::new(at_once, &metrics)?,
            switches: Switches::new(&caches, &metrics)?,
            secret,
            documents: caches.cache(settings("shop-documents", DOCUMENT_LIFETIME)),
            pieces: caches.cache(settings("shop-pieces", STOCK_AGE)),
            front: caches.cache(settings("shop-front", STOCK_AGE)),
            related: caches.cache(settings("shop-related", DOCUMENT_LIFETIME)),
            copy: starting.redis.map(|redis| RedisCatalogue::new(redis.clone(), DOCUMENT_LIFETIME)),
            per_user: limit.map(|limit| per_minute(limit).shared(starting.redis)),
            counts: Counts::register(&metrics)?,
            workers,
            metrics,
        };
        shop.count_reads(0);
        Ok(shop)
    }

    /// A product, from the nearest copy. However many ask for one that is in no cache, one reads.
    ///
    /// # Errors
    /// 503 when the database is away or too busy.
    pub(crate) async fn product(
        &self,
        database: &Database,
        sku: &Sku,
    ) -> Result<Option<Product>, Problem> {
        let truth = PostgresCatalogue::new(database.clone());
        let load = async {
            self.count_reads(1);
            Shelf { copy: self.copy.clone(), truth }.find(sku).await
        };
        self.documents.get_or_load(sku.as_str(), load).await
    }

    /// How many there were, a second ago at the most.
    ///
    /// # Errors
    /// As [`Shop::product`].
    pub(crate) async fn pieces(
        &self,
        database: &Database,
        sku: &Sku,
    ) -> Result<Option<i64>, Problem> {
        let wanted = sku.clone();
        let load = database.run(move |connection| stock::available(connection, &wanted));
        self.pieces.get_or_load(sku.as_str(), load).await
    }

    /// What else there is of this kind.
    ///
    /// # Errors
    /// As [`Shop::product`].
    pub(crate) async fn related(
        &self,
        database: &Database,
        product: &Product,
    ) -> Result<Vec<String>, Problem> {
        let Some(category) = product.category() else { return Ok(Vec::new()) };
        let of = category.to_owned();
        let most = i64::try_from(RELATED).unwrap_or(i64::MAX) + 1;
        let load = async {
            let related = move |connection: &mut _| products::related(connection, &of, most);
            database.run(related).await.map(Some)
        };
        let mut related = self.related.get_or_load(category, load).await?.unwrap_or_default();
        related.retain(|sku| sku != product.sku.as_str());
        related.truncate(RELATED);
        Ok(related)
    }

    /// A page of what is on sale: the first one of the usual length, which nearly everybody asks
    /// for, as it was a second ago at the most, any other from the replica, where there is one.
    ///
    /// # Errors
    /// As [`Shop::product`].
    pub(crate) async fn on_sale(
        &self,
        database: &Database,
        after: Option<Sku>,
        rows: i64,
        is_front: bool,
    ) -> Result<Vec<Summary>, Problem> {
        let page = move |connection: &mut _| products::page(connection, after.as_ref(), rows);
        if !is_front {
            return database.run_replica(None, page).await;
        }
        // What is kept for all is read where it is written: a replica may be older than the second.
        let load = async { database.run(page).await.map(Some) };
        Ok(self.front.get_or_load("front", load).await?.unwrap_or_default())
    }

    fn count_reads(&self, reads: u64) {
        let about = "Products read from the catalogue's stores, past every cache";
        self.metrics.count("shop_catalogue_reads_total", about, reads);
    }

    /// Lets the workers of this process, if they charge, look at once.
    pub(crate) fn wake_workers(&self) {
        if let Some(workers) = &self.workers {
            workers.wake();
        }
    }
}

impl LimitsUsers for Shop {
    fn per_user(&self) -> Option<&RateLimit<UserId>> {
        self.per_user.as_ref()
    }
}
