//! When this answer is wrong: a token is good until it expires, whatever became of its session.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::{HttpResponse, get, web};
use diesel::PgConnection;
use error_handling::Problem;
use evidence::{Failure, Outcome, Quantity, Stage};
use foundation::database::Database;
use foundation::module::Module;
use foundation::scratch::Scratch;
use foundation::testing::{Client, TestApp};
use utoipa_actix_web::service_config::ServiceConfig;

use super::owner::LOGIN;
use super::{in_system, unlimited};
use crate::sessions::while_live;
use crate::testing::{SignedIn, sign_up};
use crate::token::Tokens;
use crate::{CurrentUser, MODULE, TokenKeys, store};

/// Requests with the token after log-out.
const REQUESTS: u64 = 20;
/// Checks that are timed together.
const TIMED: usize = 100;

/// Two routes that say who asks: one takes the token's word, the other looks its session up.
static READS: Module = Module { routes, start: crate::start, jobs: &[] };

fn routes(config: &mut ServiceConfig<'_>) {
    config.service(by_token).service(by_session);
}

/// Trusts the token
#[utoipa::path(responses((status = 200)))]
#[get("/api/v1/by-token")]
async fn by_token(who: CurrentUser) -> HttpResponse {
    HttpResponse::Ok().json(who.id())
}

/// Asks for the session as well
#[utoipa::path(responses((status = 200)))]
#[get("/api/v1/by-session")]
async fn by_session(
    who: CurrentUser,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    let pair = who.pair();
    database.run(move |connection| while_live(connection, pair, |_| Ok(()))).await?;
    Ok(HttpResponse::Ok().json(who.id()))
}

/// Logs somebody out everywhere and reads on with the token.
pub(super) fn weigh(stage: &Stage, scratch: &Arc<Scratch>) -> Outcome {
    stage.step("When this answer is wrong: a stolen access token, after log-out everywhere");
    let app = TestApp::serving_on(scratch, &[&MODULE, &READS], &unlimited("4"));
    let owner = sign_up(&app, "owner");
    let (before, after) = in_system(async {
        let before = accepted(&owner.client).await;
        let out = owner.client.send(Method::DELETE, LOGIN, &[], None).await;
        if out.status != 204 {
            return Err::<_, Failure>(format!("no log-out: {}", out.text).into());
        }
        Ok((before, accepted(&owner.client).await))
    })?;
    let lifetime = foundation::testing::config(&[]).auth.access_lifetime;
    stage.measure("token-lifetime", "an access token lasts", Quantity::duration(lifetime));
    stage.measure("read-by-token", "requests accepted, by token", Quantity::count(after.0));
    stage.measure("read-by-session", "requests accepted, by session", Quantity::count(after.1));
    stage.check(
        "a-token-outlives-its-session",
        format!(
            "after log-out everywhere the token's word is taken {} of {REQUESTS} times",
            after.0
        ),
        before == (REQUESTS, REQUESTS) && after.0 == REQUESTS,
    );
    stage.check(
        "a-look-up-ends-it-at-once",
        format!("with a look-up for each request {} are accepted", after.1),
        before.1 == REQUESTS && after.1 == 0,
    );
    time(stage, scratch, &sign_up(&app, "reader"))
}

/// How many requests each of the two routes accepts.
async fn accepted(client: &Client) -> (u64, u64) {
    let mut accepted = (0, 0);
    for _ in 0..REQUESTS {
        accepted.0 += u64::from(client.get("/api/v1/by-token").await.status == 200);
        accepted.1 += u64::from(client.get("/api/v1/by-session").await.status == 200);
    }
    accepted
}

/// What the look-up adds to the check of a token.
fn time(stage: &Stage, scratch: &Scratch, reader: &SignedIn) -> Outcome {
    let mut connection = scratch.connect()?;
    let tokens = Tokens::new(TokenKeys::obtain(None, &mut connection)?, Duration::ZERO);
    let check = || tokens.check(&reader.token).map_err(Failure::from);
    let mut alone = || -> Outcome {
        for _ in 0..TIMED {
            check()?;
        }
        Ok(())
    };
    let mut with_look_up = || -> Outcome {
        for _ in 0..TIMED {
            let bearer = check()?;
            look_up(&mut connection, bearer.user, bearer.session)?;
        }
        Ok(())
    };
    stage.compare(
        "look-up",
        &format!("{TIMED} tokens checked, without and with a look-up of their sessions"),
        9,
        ("the token alone", &mut alone),
        ("and its session", &mut with_look_up),
    )?;
    Ok(())
}

fn look_up(
    connection: &mut PgConnection,
    user: crate::UserId,
    session: crate::SessionId,
) -> Outcome {
    if store::is_live(connection, user, session)? { Ok(()) } else { Err("it has ended".into()) }
}
