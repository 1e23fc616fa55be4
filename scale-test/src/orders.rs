//! What is ordered: a thing of the shop, where the backend has one, or else a blog post.

use std::process::Command;

use serde_json::json;

use crate::Outcome;
use crate::database::Database;
use crate::http::Ask;
use crate::run::Run;

const SHOP: &str = "/api/v1/shop/orders";
/// What is on sale.
pub(crate) const SKU: &str = "scale-test";
/// More than any run here can sell.
const STOCK: u64 = 1_000_000;

/// What a client asks for once, with a key, and nobody may lose or do twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Orders {
    /// `POST /api/v1/shop/orders`.
    Shop,
    /// `POST /api/v2/posts`: as idempotent, and there before the shop is.
    Posts,
}

impl Orders {
    /// Looks at the server's own description; puts something on sale where there is a shop.
    pub(crate) fn open(run: &Run, base: &str, database: &Database) -> Outcome<Self> {
        let description = run.http.ask(&Ask::get(base, "/openapi.json")).expect(200, "OpenAPI")?;
        if description.body["paths"][SHOP]["post"].is_null() {
            return Ok(Self::Posts);
        }
        let mut stock = Command::new(&run.backend);
        stock.args(["shop-stock", "--sku", SKU, "--available", &STOCK.to_string()]);
        stock.args(["--price-cents", "100"]).env("DATABASE_URL", database.url()?);
        run.processes.output_of(&mut stock)?;
        Ok(Self::Shop)
    }

    /// What one order is called.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Shop => "order",
            Self::Posts => "post",
        }
    }

    /// One order. The same key is the same order.
    pub(crate) fn place(self, base: &str, token: &str, key: &str) -> Ask {
        let ask = match self {
            Self::Shop => Ask::post(base, SHOP, json!({"lines": [{"sku": SKU, "quantity": 1}]})),
            Self::Posts => {
                let post = json!({"title": key, "body": "Ordered once.", "published": true});
                Ask::post(base, "/api/v2/posts", post)
            }
        };
        ask.by(token).once(key)
    }

    /// The same key with another wish.
    pub(crate) fn place_other(self, base: &str, token: &str, key: &str) -> Ask {
        let ask = match self {
            Self::Shop => Ask::post(base, SHOP, json!({"lines": [{"sku": SKU, "quantity": 2}]})),
            Self::Posts => {
                let post = json!({"title": key, "body": "Something else.", "published": true});
                Ask::post(base, "/api/v2/posts", post)
            }
        };
        ask.by(token).once(key)
    }

    /// What others read meanwhile.
    pub(crate) fn look(self, base: &str) -> Ask {
        match self {
            Self::Shop => Ask::get(base, &format!("/api/v1/shop/products/{SKU}")),
            Self::Posts => Ask::get(base, "/api/v2/posts?limit=5"),
        }
    }

    /// How many orders there are.
    pub(crate) fn count(self, database: &Database) -> Outcome<u64> {
        database.number(match self {
            Self::Shop => "SELECT count(*) FROM shop_orders",
            Self::Posts => "SELECT count(*) FROM posts",
        })
    }

    /// All that was ever put on sale: available, reserved or sold. No order may change the sum; posts
    /// have none.
    pub(crate) fn stock(self, database: &Database) -> Outcome<u64> {
        match self {
            Self::Shop => database.number(&format!(
                "SELECT sum(available + reserved + sold) FROM shop_stock WHERE sku = '{SKU}'"
            )),
            Self::Posts => Ok(0),
        }
    }
}
