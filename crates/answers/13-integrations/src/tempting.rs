//! The wrong versions that people write, for the demo alone; nothing else mounts or calls them.

use actix_web::http::header::LOCATION;
use actix_web::http::{StatusCode, Uri};
use actix_web::{HttpResponse, get, web};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::{QueryableByName, sql_query};
use error_handling::Problem;
use foundation::database::Database;
use foundation::module::Module;
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::handlers::site;
use crate::inbox::{Told, take_effect};
use crate::model::{LegacyAddress, PartnerId};
use crate::schema::{catalogue_pages, inbox_events};
use crate::state::Integrations;

/// The new site, with the old one forgotten.
pub(crate) static FORGETFUL: Module =
    Module { routes: new_site, start: Integrations::start_idle, jobs: &[] };

/// The new site, with every old address sent to one place, "so that there are no 404s".
pub(crate) static ALL_TO_ONE: Module = Module {
    routes: |config| {
        new_site(config);
        config.service(front_page).service(all_to_one);
    },
    start: Integrations::start_idle,
    jobs: &[],
};

/// The new site, with the rules that had piled up on the old one, one step each.
pub(crate) static OLD_RULES: Module = Module {
    routes: |config| {
        new_site(config);
        config.service(old_rules);
    },
    start: Integrations::start_idle,
    jobs: &[],
};

/// Answers that should not be: the whole catalogue at once, and quotes without a bound.
pub(crate) static UNBOUNDED: Module = Module {
    routes: |config| {
        config.service(everything).service(unbounded_quote).service(timed_quote);
    },
    start: Module::nothing_to_start,
    jobs: &[],
};

fn new_site(config: &mut ServiceConfig<'_>) {
    config.service(site::sitemap).service(site::page);
}

/// Where [`all_to_one`] leads.
const ONE: &str = "/catalogue";

#[utoipa::path(responses((status = 200)))]
#[get("/catalogue")]
async fn front_page() -> HttpResponse {
    HttpResponse::Ok().content_type("text/html").body("<h1>Welcome to the new shop</h1>")
}

#[utoipa::path(responses((status = 301)), params(("tail" = String, Path)))]
#[get("/cms/{tail:.*}")]
async fn all_to_one() -> HttpResponse {
    moved(ONE)
}

fn moved(to: &str) -> HttpResponse {
    HttpResponse::build(StatusCode::MOVED_PERMANENTLY).insert_header((LOCATION, to)).finish()
}

#[derive(QueryableByName)]
struct Target {
    #[diesel(sql_type = Text)]
    target: String,
}

#[utoipa::path(responses((status = 301)), params(("tail" = String, Path)))]
#[get("/cms/{tail:.*}")]
async fn old_rules(database: web::Data<Database>, uri: Uri) -> Result<HttpResponse, Problem> {
    let not_found = || Problem::not_found("page");
    let asked = uri.path_and_query().map_or(uri.path(), |asked| asked.as_str());
    let address = LegacyAddress::parse(asked).map_err(|_| not_found())?;
    let look = move |connection: &mut PgConnection| {
        sql_query("SELECT target FROM old_rules WHERE address = $1")
            .bind::<Text, _>(address.as_str())
            .get_result::<Target>(connection)
            .optional()
    };
    Ok(moved(&database.run(look).await?.ok_or_else(not_found)?.target))
}

/// The client filters, it has a processor as well.
#[utoipa::path(responses((status = 200)))]
#[get("/tempting/catalogue")]
async fn everything(database: web::Data<Database>) -> Result<HttpResponse, Problem> {
    let all = database.run_long(|connection| {
        catalogue_pages::table
            .filter(catalogue_pages::live)
            .select((
                catalogue_pages::slug,
                catalogue_pages::title,
                catalogue_pages::category,
                catalogue_pages::price_cents,
                catalogue_pages::body,
            ))
            .load::<(String, String, String, i32, String)>(connection)
    });
    Ok(HttpResponse::Ok().json(all.await?))
}

#[derive(Deserialize)]
struct Where {
    url: String,
}

/// As long as the partner takes.
#[utoipa::path(responses((status = 200)))]
#[get("/tempting/quotes")]
async fn unbounded_quote(query: web::Query<Where>) -> HttpResponse {
    ask(&awc::Client::builder().disable_timeout().finish(), &query.url).await
}

/// Half a solution: each request is bounded, and each asks a partner that does not answer.
#[utoipa::path(responses((status = 200)))]
#[get("/tempting/timed-quotes")]
async fn timed_quote(query: web::Query<Where>) -> HttpResponse {
    ask(&awc::Client::builder().timeout(crate::demo::IMPATIENCE).finish(), &query.url).await
}

async fn ask(client: &awc::Client, url: &str) -> HttpResponse {
    match client.get(url).send().await {
        Ok(answer) => HttpResponse::build(answer.status()).finish(),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}

/// What a careless client reads of a quote: whatever is missing is nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LenientQuote {
    /// Zero where the field has another name.
    pub(crate) delivery_days: u16,
}

/// Looks whether an event was applied: the first half of a check that two can make at once.
pub(crate) fn was_applied(
    connection: &mut PgConnection,
    partner: PartnerId,
    event: &str,
) -> QueryResult<bool> {
    let found: i64 = inbox_events::table
        .filter(inbox_events::partner_id.eq(partner.number()))
        .filter(inbox_events::event_id.eq(event))
        .count()
        .get_result(connection)?;
    Ok(found > 0)
}

/// Applies and then notes an event: the second half.
pub(crate) fn apply_and_note(
    connection: &mut PgConnection,
    (partner, owner): (PartnerId, i64),
    event: &str,
    told: Told,
) -> QueryResult<()> {
    take_effect(connection, owner, told)?;
    diesel::insert_into(inbox_events::table)
        .values((inbox_events::partner_id.eq(partner.number()), inbox_events::event_id.eq(event)))
        .on_conflict_do_nothing()
        .execute(connection)
        .map(|_| ())
}
