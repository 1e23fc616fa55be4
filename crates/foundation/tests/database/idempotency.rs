//! One attempt is done once, whoever races, repeats or dies.

use std::sync::Barrier;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;
use diesel::sql_types::BigInt;
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query};
use error_handling::{Problem, ProblemType};
use foundation::idempotency::{
    Attempt, Claim, IdempotencyKey, Lease, StoredResponse, claim, expire, finish, release,
};
use foundation::scratch::Scratch;
use local_services::Purpose;

const LEASE: Duration = Duration::from_secs(30);

fn scratch() -> Scratch {
    Scratch::create(Purpose::Test).unwrap()
}

fn attempt(scope: &'static str, asked: u8) -> Attempt {
    let key = IdempotencyKey::parse(&HeaderValue::from_static("\"8e03978e-40d5\"")).unwrap();
    Attempt { scope, key, fingerprint: [asked; 32] }
}

fn response(body: &str) -> StoredResponse {
    let location = Some("/things/1".to_owned());
    StoredResponse { status: StatusCode::CREATED, location, body: body.to_owned() }
}

/// Claims and expects to get it.
fn claimed(connection: &mut PgConnection, attempt: &Attempt, lease: Duration) -> Lease {
    match claim(connection, attempt, lease).unwrap() {
        Claim::Mine(lease) => lease,
        Claim::Done(response) => panic!("done already: {response:?}"),
    }
}

fn refused(outcome: Result<impl std::fmt::Debug, Problem>) -> ProblemType {
    outcome.unwrap_err().kind()
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

fn keys(connection: &mut PgConnection) -> i64 {
    let counted = sql_query("SELECT count(*) AS rows FROM idempotency_keys");
    counted.get_result::<Count>(connection).unwrap().rows
}

#[test]
fn of_parallel_claims_one_wins_and_the_others_are_told_that_it_runs() {
    let scratch = scratch();
    let barrier = Barrier::new(8);
    let outcomes: Vec<Result<Claim, Problem>> = std::thread::scope(|scope| {
        let claims: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = scratch.connect().unwrap();
                    barrier.wait();
                    claim(&mut connection, &attempt("POST /things", 1), LEASE)
                })
            })
            .collect();
        claims.into_iter().map(|claim| claim.join().unwrap()).collect()
    });
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 7));
    assert!(lost.into_iter().all(|outcome| refused(outcome) == ProblemType::Conflict));
}

#[test]
fn a_finished_attempt_is_answered_with_its_response_ever_after() {
    let scratch = scratch();
    let mut connection = scratch.connect().unwrap();
    let attempt = attempt("POST /things", 1);
    let lease = claimed(&mut connection, &attempt, LEASE);
    finish(&mut connection, &attempt, lease, &response("{\"id\":1}")).unwrap();
    for _ in 0..2 {
        let again = claim(&mut scratch.connect().unwrap(), &attempt, LEASE).unwrap();
        assert_eq!(again, Claim::Done(response("{\"id\":1}")));
    }
    // Not even when its lease has ended: done is done.
    sql_query("UPDATE idempotency_keys SET running_until = now() - interval '1 hour'")
        .execute(&mut connection)
        .unwrap();
    let late = claim(&mut connection, &attempt, LEASE).unwrap();
    assert_eq!(late, Claim::Done(response("{\"id\":1}")));
}

#[test]
fn another_request_with_the_key_is_refused_while_it_runs_and_after() {
    let scratch = scratch();
    let mut connection = scratch.connect().unwrap();
    let (mine, other) = (attempt("POST /things", 1), attempt("POST /things", 2));
    let lease = claimed(&mut connection, &mine, Duration::ZERO);
    assert_eq!(refused(claim(&mut connection, &other, LEASE)), ProblemType::Invalid);
    finish(&mut connection, &mine, lease, &response("{}")).unwrap();
    assert_eq!(refused(claim(&mut connection, &other, LEASE)), ProblemType::Invalid);
}

#[test]
fn the_same_key_on_another_route_is_another_attempt() {
    let scratch = scratch();
    let mut connection = scratch.connect().unwrap();
    claimed(&mut connection, &attempt("POST /things", 1), LEASE);
    claimed(&mut connection, &attempt("POST /others", 1), LEASE);
    assert_eq!(keys(&mut connection), 2);
}

#[test]
fn who_was_overtaken_cannot_finish_and_its_work_is_rolled_back() {
    let scratch = scratch();
    let (mut slow, mut quick) = (scratch.connect().unwrap(), scratch.connect().unwrap());
    let attempt = attempt("POST /things", 1);
    let lost = claimed(&mut slow, &attempt, Duration::ZERO);
    let held = claimed(&mut quick, &attempt, LEASE);
    let work = |connection: &mut PgConnection, lease: Lease, name: &str| {
        connection.transaction::<_, Problem, _>(|connection| {
            sql_query("INSERT INTO server_secrets VALUES ($1, decode(repeat('00', 32), 'hex'))")
                .bind::<diesel::sql_types::Text, _>(name)
                .execute(connection)?;
            finish(connection, &attempt, lease, &response(name))
        })
    };
    assert_eq!(refused(work(&mut slow, lost, "slow")), ProblemType::Conflict);
    work(&mut quick, held, "quick").unwrap();
    assert_eq!(refused(work(&mut slow, lost, "slow")), ProblemType::Conflict, "nor afterwards");
    let done = claim(&mut slow, &attempt, LEASE).unwrap();
    assert_eq!(done, Claim::Done(response("quick")));
    let worked = sql_query("SELECT count(*) AS rows FROM server_secrets WHERE name = 'slow'");
    assert_eq!(worked.get_result::<Count>(&mut slow).unwrap().rows, 0);
}

#[test]
fn who_was_overtaken_does_not_give_back_what_another_holds() {
    let scratch = scratch();
    let mut connection = scratch.connect().unwrap();
    let attempt = attempt("POST /things", 1);
    let lost = claimed(&mut connection, &attempt, Duration::ZERO);
    let held = claimed(&mut connection, &attempt, LEASE);
    release(&mut connection, &attempt, lost).unwrap();
    assert_eq!(refused(claim(&mut connection, &attempt, LEASE)), ProblemType::Conflict);
    release(&mut connection, &attempt, held).unwrap();
    claimed(&mut connection, &attempt, LEASE);
}

#[test]
fn a_finished_attempt_is_not_given_back() {
    let scratch = scratch();
    let mut connection = scratch.connect().unwrap();
    let attempt = attempt("POST /things", 1);
    let lease = claimed(&mut connection, &attempt, LEASE);
    finish(&mut connection, &attempt, lease, &response("{}")).unwrap();
    release(&mut connection, &attempt, lease).unwrap();
    assert_eq!(keys(&mut connection), 1);
}

#[test]
fn an_attempt_that_was_given_back_cannot_finish_any_more() {
    let scratch = scratch();
    let mut connection = scratch.connect().unwrap();
    let attempt = attempt("POST /things", 1);
    let lease = claimed(&mut connection, &attempt, LEASE);
    release(&mut connection, &attempt, lease).unwrap();
    let late = finish(&mut connection, &attempt, lease, &response("{}"));
    assert_eq!(refused(late), ProblemType::Conflict);
}

#[test]
fn keys_are_forgotten_a_day_after_they_came() {
    let scratch = scratch();
    let mut connection = scratch.connect().unwrap();
    claimed(&mut connection, &attempt("POST /things", 1), LEASE);
    assert_eq!(expire(&mut connection, false).unwrap(), 0);
    sql_query("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
        .execute(&mut connection)
        .unwrap();
    assert_eq!((expire(&mut connection, true).unwrap(), keys(&mut connection)), (1, 1));
    assert_eq!((expire(&mut connection, false).unwrap(), keys(&mut connection)), (1, 0));
}
