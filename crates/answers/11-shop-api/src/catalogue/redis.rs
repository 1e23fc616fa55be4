//! Documents as JSON texts in Redis: one look at a key, whatever the document holds. A product that
//! changes is written again; nothing can be asked for but a sku and a page in order of sku.

use std::time::Duration;

use error_handling::{Cause, Problem};
use foundation::redis::{Redis, cmd, pipe};

use super::Catalogue;
use crate::model::{Product, Sku};

/// Stores a document unless a newer one is there: of two that write at once, the one that read first
/// may come last. In Redis instead of here, as nobody comes between look and write there.
const PUT: &str = "
    local kept = redis.call('GET', KEYS[1])
    if kept and cjson.decode(kept).version > tonumber(ARGV[1]) then return 0 end
    if tonumber(ARGV[3]) > 0 then
        redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
    else
        redis.call('SET', KEYS[1], ARGV[2])
    end
    return 1";

/// Documents in Redis; cheap to clone.
#[derive(Clone, Debug)]
pub struct RedisCatalogue {
    redis: Redis,
    /// How long a document is kept; zero: for good.
    lifetime: Duration,
}

impl RedisCatalogue {
    /// Keeps each document for `lifetime`, for good when that is zero. A copy of something else
    /// needs one: it bounds how long it is wrong after a write that did not reach it.
    #[must_use]
    pub const fn new(redis: Redis, lifetime: Duration) -> Self {
        Self { redis, lifetime }
    }

    fn document(&self, sku: &str) -> String {
        self.redis.key(&format!("shop:product:{sku}"))
    }

    /// Every sku with the same score, which Redis then keeps in order of their bytes.
    fn order(&self) -> String {
        self.redis.key("shop:products")
    }
}

fn read(text: &str) -> Result<Product, Problem> {
    serde_json::from_str(text)
        .map_err(|_| Problem::internal(Cause::new("a document in Redis is no product")))
}

impl Catalogue for RedisCatalogue {
    async fn find(&self, sku: &Sku) -> Result<Option<Product>, Problem> {
        let text: Option<String> =
            self.redis.query(cmd("GET").arg(self.document(sku.as_str()))).await?;
        text.as_deref().map(read).transpose()
    }

    async fn page(&self, after: Option<&Sku>, most: u16) -> Result<Vec<Product>, Problem> {
        let start = after.map_or_else(|| "-".to_owned(), |sku| format!("({sku}"));
        let mut range = cmd("ZRANGEBYLEX");
        range.arg(self.order()).arg(start).arg("+").arg("LIMIT").arg(0).arg(most);
        let skus: Vec<String> = self.redis.query(&range).await?;
        if skus.is_empty() {
            return Ok(Vec::new());
        }
        // A pipeline instead of MGET, whose keys would have to be on one node of a cluster.
        let mut documents = pipe();
        for sku in &skus {
            documents.cmd("GET").arg(self.document(sku));
        }
        let texts: Vec<Option<String>> = self.redis.pipeline(&documents).await?;
        texts.iter().flatten().map(|text| read(text)).collect()
    }

    async fn put(&self, products: Vec<Product>) -> Result<(), Problem> {
        for some in products.chunks(500) {
            let mut writes = pipe();
            for product in some {
                let text = serde_json::to_string(product)
                    .map_err(|_| Problem::internal(Cause::new("a product that is no JSON")))?;
                let lifetime = u64::try_from(self.lifetime.as_millis()).unwrap_or(u64::MAX);
                writes.cmd("EVAL").arg(PUT).arg(1).arg(self.document(product.sku.as_str()));
                writes.arg(product.version).arg(text).arg(lifetime).ignore();
                writes.cmd("ZADD").arg(self.order()).arg(0).arg(product.sku.as_str()).ignore();
            }
            self.redis.pipeline::<()>(&writes).await?;
        }
        Ok(())
    }
}
