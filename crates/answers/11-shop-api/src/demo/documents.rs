//! The catalogue as documents in Redis, and as `jsonb` in PostgreSQL: what does a question move?

mod counted;

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use error_handling::Problem;
use evidence::{Failure, Outcome, Quantity, RungKind, Scale, Stage};
use foundation::database::Database;
use foundation::metrics::Metrics;
use foundation::redis::Redis;
use foundation::scratch::Scratch;
use foundation::testing::{TestRedis, config};
use serde_json::{Value, json};

use self::counted::{Counted, Moved};
use super::shop::block_on;
use crate::catalogue::{PostgresCatalogue, RedisCatalogue};
use crate::model::{Cents, Product, Sku};

/// One document in so many is of the category that is renamed, and as many are of the colour that
/// somebody looks for.
const EVERY: u64 = 10;

pub(super) fn products(scale: Scale) -> u64 {
    match scale {
        Scale::Quick => 500,
        Scale::Default => 20_000,
        Scale::Full => 200_000,
    }
}

/// Both stores, filled alike.
struct Stores {
    redis: Counted<RedisCatalogue>,
    postgres: Counted<PostgresCatalogue>,
    connection: PgConnection,
}

/// Compares them, question by question.
pub(super) fn compare(stage: &Stage, scratch: &Arc<Scratch>, redis: &TestRedis) -> Outcome {
    let count = products(stage.scale());
    stage.step(format!("{} documents in Redis and in PostgreSQL", Quantity::count(count)));
    let mut stores = fill(stage, scratch, redis, count)?;
    let columns = ["Redis: calls", "documents moved", "PostgreSQL: calls", "documents moved"];
    let ladder = stage.ladder("one question each", &columns);
    let show = |kind, name: &str, [redis, postgres]: [Moved; 2]| {
        let counts = [redis.calls, redis.documents, postgres.calls, postgres.documents];
        ladder.rung(kind, name, counts.map(|count| Quantity::count(count).into()).into());
    };
    let one = read_one(&stores)?;
    show(RungKind::Right, "one product", one);
    let page = read_page(&stores)?;
    show(RungKind::Right, "a page", page);
    let found = filter(&mut stores)?;
    show(RungKind::Tempting, "all that are red", found);
    let renamed = rename(&mut stores)?;
    show(RungKind::Wrong, "a category renamed", renamed);
    judge(stage, count, [one, page, found, renamed]);
    time(stage, &stores)
}

fn sku(number: u64) -> Result<Sku, Failure> {
    Sku::parse(&format!("document-{number:07}")).map_err(|_| "no sku".into())
}

fn document(number: u64) -> Value {
    let member = number % EVERY;
    json!({
        "name": format!("Product {number}"),
        "category": if member == 0 { "lamps".to_owned() } else { format!("category-{member}") },
        "colour": if member == 1 { "red" } else { "grey" },
        "about": "x".repeat(300),
    })
}

fn fill(
    stage: &Stage,
    scratch: &Arc<Scratch>,
    redis: &TestRedis,
    count: u64,
) -> Result<Stores, Failure> {
    let settings = config(&["--statement-timeout", "60s"]).database;
    let database = Database::open(&scratch.url(), &settings, &Metrics::new()?);
    let mut connection = scratch.connect()?;
    // This is about documents; what is on sale is about something else.
    connection.batch_execute("DELETE FROM shop_products")?;
    let redis = Redis::open(&redis.url(), "documents:", Duration::from_secs(20), &Metrics::new()?)?;
    block_on(redis.settled());
    let stores = Stores {
        redis: Counted::new(RedisCatalogue::new(redis, Duration::ZERO)),
        postgres: Counted::new(PostgresCatalogue::new(database)),
        connection,
    };
    let mut bar = stage.progress("fill", count, "documents");
    let numbers: Vec<u64> = (0..count).collect();
    for some in numbers.chunks(500) {
        let made = some.iter().map(|number| -> Result<Product, Failure> {
            let price = Cents::new(4_990).map_err(|_| "no price")?;
            Ok(Product::new(sku(*number)?, price, document(*number)))
        });
        let made: Vec<Product> = made.collect::<Result<_, _>>()?;
        block_on(async {
            stores.redis.put(made.clone()).await?;
            stores.postgres.put(made).await
        })
        .map_err(told)?;
        bar.advance(some.len() as u64)?;
    }
    stores.taken();
    Ok(stores)
}

#[allow(clippy::needless_pass_by_value)] // For `map_err`.
fn told(problem: Problem) -> Failure {
    problem.to_string().into()
}

impl Stores {
    fn taken(&self) -> [Moved; 2] {
        [self.redis.taken(), self.postgres.taken()]
    }
}

fn read_one(stores: &Stores) -> Result<[Moved; 2], Failure> {
    let sku = sku(7)?;
    let [one, other] = block_on(async {
        Ok::<_, Problem>([stores.redis.find(&sku).await?, stores.postgres.find(&sku).await?])
    })
    .map_err(told)?;
    same(&one, &other)?;
    Ok(stores.taken())
}

fn read_page(stores: &Stores) -> Result<[Moved; 2], Failure> {
    let after = sku(41)?;
    let [one, other] = block_on(async {
        let (redis, postgres) = (&stores.redis, &stores.postgres);
        Ok::<_, Problem>([redis.page(Some(&after)).await?, postgres.page(Some(&after)).await?])
    })
    .map_err(told)?;
    same(&one, &other)?;
    Ok(stores.taken())
}

/// Both stores have to say the same, or their prices compare nothing.
fn same<T: PartialEq>(one: &T, other: &T) -> Outcome {
    if one == other { Ok(()) } else { Err("the stores do not hold the same documents".into()) }
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    #[allow(dead_code)] // Moved is moved, whether or not it is looked at.
    sku: String,
}

/// By an attribute inside: Redis hands out everything, PostgreSQL what was asked for.
fn filter(stores: &mut Stores) -> Result<[Moved; 2], Failure> {
    let mut red = 0_u64;
    block_on(stores.redis.scan(|product| red += u64::from(product.document["colour"] == "red")))
        .map_err(told)?;
    let found: Vec<Found> =
        diesel::sql_query("SELECT sku FROM shop_products WHERE document ->> 'colour' = 'red'")
            .load(&mut stores.connection)?;
    same(&red, &(found.len() as u64))?;
    Ok([stores.redis.taken(), Moved { calls: 1, documents: red }])
}

/// One member of many documents: Redis takes each out and puts it back, PostgreSQL is told once.
fn rename(stores: &mut Stores) -> Result<[Moved; 2], Failure> {
    let mut changed = Vec::new();
    let take = |mut product: Product| {
        if product.document["category"] == "lamps" {
            product.document["category"] = json!("lights");
            product.version += 1;
            changed.push(product);
        }
    };
    block_on(stores.redis.scan(take)).map_err(told)?;
    let count = changed.len();
    for some in changed.chunks(500) {
        block_on(stores.redis.put(some.to_vec())).map_err(told)?;
    }
    let updated = diesel::sql_query(
        "UPDATE shop_products SET version = version + 1,
                document = jsonb_set(document, '{category}', '\"lights\"')
         WHERE document ->> 'category' = 'lamps'",
    )
    .execute(&mut stores.connection)?;
    same(&count, &updated)?;
    let moved = stores.redis.taken();
    read_one(stores)?;
    Ok([moved, Moved { calls: 1, documents: 0 }])
}

fn judge(stage: &Stage, count: u64, [one, page, found, renamed]: [[Moved; 2]; 4]) {
    for (id, label, moved) in
        [("red", "documents moved by a filter", found), ("renamed", "by a rename", renamed)]
    {
        let [redis, postgres] = moved.map(|moved| Quantity::count(moved.documents));
        stage.measure(&format!("{id}-redis"), format!("{label}: Redis"), redis);
        stage.measure(&format!("{id}-postgres"), format!("{label}: PostgreSQL"), postgres);
    }
    stage.check(
        "by-key-both-stores-are-alike",
        "one product and one page take one call and the same documents from either",
        one[0] == one[1] && page[0] == page[1],
    );
    stage.check(
        "what-documents-hold-is-asked-of-postgresql",
        format!(
            "for {} red products Redis moves {} documents, PostgreSQL {}; to rename a category {} and \
             {}",
            count / EVERY,
            found[0].documents,
            found[1].documents,
            renamed[0].documents,
            renamed[1].documents
        ),
        found[0].documents == count
            && found[1].documents == count / EVERY
            && renamed[0].documents == count + count / EVERY
            && renamed[1] == (Moved { calls: 1, documents: 0 }),
    );
}

/// One product by its key, which is nearly all that visitors ask.
fn time(stage: &Stage, stores: &Stores) -> Outcome {
    let rounds = if stage.scale() == Scale::Quick { 4 } else { 12 };
    let sku = sku(7)?;
    let many = 50;
    stage.compare(
        "one-product",
        "fifty reads of one product",
        rounds,
        ("Redis", &mut || {
            block_on(async {
                for _ in 0..many {
                    stores.redis.find(&sku).await?;
                }
                Ok(())
            })
            .map_err(told)
        }),
        ("PostgreSQL", &mut || {
            block_on(async {
                for _ in 0..many {
                    stores.postgres.find(&sku).await?;
                }
                Ok(())
            })
            .map_err(told)
        }),
    )?;
    Ok(())
}
