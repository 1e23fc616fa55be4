//! Reads on a streaming replica: old ones for strangers, never for whoever wrote.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use diesel::{Connection, PgConnection, QueryResult, QueryableByName, RunQueryDsl, sql_query};
use error_handling::{Problem, ReadProblems};
use foundation::database::{Database, Place, Reader, ReplicaSettings};
use foundation::metrics::Metrics;
use foundation::module::Module;
use foundation::redis::Redis;
use foundation::scratch::Scratch;
use foundation::testing::{TestApp, TestRedis, config};
use local_services::Purpose;
use local_services::fleet::PostgresPair;
use secrecy::{ExposeSecret, SecretString};
use utoipa_actix_web::service_config::ServiceConfig;

const ANNA: Reader = Reader(1);
const BERT: Reader = Reader(2);
/// Never reached within a test.
const HOUR: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_secs(60);

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn notes(connection: &mut PgConnection) -> QueryResult<i64> {
    let row: Count = sql_query("SELECT count(*) FROM notes").get_result(connection)?;
    Ok(row.count)
}

fn add_note(connection: &mut PgConnection) -> QueryResult<usize> {
    sql_query("INSERT INTO notes DEFAULT VALUES").execute(connection)
}

fn pair() -> PostgresPair {
    let pair = PostgresPair::start(Purpose::Test).unwrap();
    let mut primary = PgConnection::establish(&pair.primary_url()).unwrap();
    primary.batch_execute("CREATE TABLE notes (at timestamptz DEFAULT now())").unwrap();
    pair
}

fn on_replica(pair: &PostgresPair, statement: &str) {
    let mut replica = PgConnection::establish(&pair.replica_url()).unwrap();
    replica.batch_execute(statement).unwrap();
}

/// A server's database, and what it counts.
struct Server {
    database: Database,
    metrics: Metrics,
}

impl Server {
    fn start(pair: &PostgresPair, lag: Duration, redis: Option<&Redis>) -> Self {
        let metrics = Metrics::new().unwrap();
        let bounds = config(&["--database-threads", "2"]).database;
        let primary = Place::from(&SecretString::from(pair.primary_url()));
        let url = SecretString::from(pair.replica_url());
        let settings = ReplicaSettings { url: &url, lag, redis };
        let database = Database::open(&primary, &bounds, &metrics)
            .with_replica(&primary, &settings, &bounds, &metrics)
            .unwrap();
        Self { database, metrics }
    }

    async fn read(&self, reader: Option<Reader>) -> i64 {
        self.database.run_replica(reader, notes).await.unwrap()
    }

    async fn write(&self, writer: Reader) {
        self.database.run_write(add_note).await.unwrap();
        self.database.wrote(writer).await;
    }

    fn reads(&self, target: &str) -> u64 {
        let text = String::from_utf8(self.metrics.render().unwrap()).unwrap();
        let start = format!("database_replica_reads_total{{target=\"{target}\"}} ");
        let value = text.lines().find_map(|line| line.strip_prefix(&start));
        value.unwrap().parse().unwrap()
    }

    /// Reads until one goes to this target.
    async fn until_reads_go_to(&self, target: &str, reader: Option<Reader>) {
        let seen = self.reads(target);
        let change = async {
            while self.reads(target) == seen {
                self.read(reader).await;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let so = tokio::time::timeout(SOON, change).await;
        so.unwrap_or_else(|_| panic!("no read goes to the {target}"));
    }
}

#[actix_web::test]
async fn whoever_wrote_sees_it_at_once_while_strangers_read_the_old_value() {
    let pair = pair();
    let server = Server::start(&pair, HOUR, None);
    server.until_reads_go_to("replica", None).await;
    on_replica(&pair, "SELECT pg_wal_replay_pause()");
    server.write(ANNA).await;
    for _ in 0..10 {
        assert_eq!(server.read(Some(ANNA)).await, 1, "her own write");
        assert_eq!(server.read(Some(BERT)).await, 0, "has written nothing, so the replica will do");
        assert_eq!(server.read(None).await, 0, "without the rule the write is missing");
    }
    on_replica(&pair, "SELECT pg_wal_replay_resume()");
    server.until_reads_go_to("replica", Some(ANNA)).await;
    assert_eq!(server.read(Some(ANNA)).await, 1);
}

#[actix_web::test]
async fn a_write_on_one_server_is_seen_through_another_where_they_share_redis() {
    let (pair, redis) = (pair(), TestRedis::start());
    let mut shared = Vec::new();
    for _ in 0..2 {
        let metrics = Metrics::new().unwrap();
        let wait = Duration::from_secs(2);
        let redis = Redis::open(&redis.url(), "replica:", wait, &metrics).unwrap();
        redis.settled().await;
        shared.push(redis);
    }
    let [one, other] = [0, 1].map(|index| Server::start(&pair, HOUR, Some(&shared[index])));
    let alone = Server::start(&pair, HOUR, None);
    for server in [&one, &other, &alone] {
        server.until_reads_go_to("replica", None).await;
    }
    on_replica(&pair, "SELECT pg_wal_replay_pause()");
    one.write(ANNA).await;
    assert_eq!(other.read(Some(ANNA)).await, 1);
    assert_eq!(other.read(Some(BERT)).await, 0);
    assert_eq!(alone.read(Some(ANNA)).await, 0, "a server that was not told does not know");
    redis.signal(local_services::Signal::Kill);
    assert_eq!(other.read(Some(BERT)).await, 1, "nobody knows who wrote: the primary");
    assert_eq!(other.read(None).await, 0, "strangers are nobody's writers");
}

#[actix_web::test]
async fn reads_go_to_the_primary_while_the_replica_is_away_and_come_back() {
    let mut pair = pair();
    let server = Server::start(&pair, HOUR, None);
    server.until_reads_go_to("replica", None).await;
    pair.stop_replica();
    server.write(ANNA).await;
    for _ in 0..20 {
        server.read(None).await;
    }
    server.until_reads_go_to("primary", None).await;
    assert_eq!(server.read(None).await, 1);
    pair.start_replica().unwrap();
    server.until_reads_go_to("replica", None).await;
}

#[actix_web::test]
async fn a_replica_too_far_behind_is_not_read_from() {
    let pair = pair();
    let server = Server::start(&pair, Duration::from_secs(1), None);
    server.until_reads_go_to("replica", None).await;
    on_replica(&pair, "SELECT pg_wal_replay_pause()");
    server.write(ANNA).await;
    server.until_reads_go_to("primary", None).await;
    assert_eq!(server.read(None).await, 1);
    on_replica(&pair, "SELECT pg_wal_replay_resume()");
    server.until_reads_go_to("replica", None).await;
    assert_eq!(server.read(None).await, 1);
}

#[actix_web::test]
async fn without_a_replica_nothing_is_asked_in_addition() {
    let pair = pair();
    let metrics = Metrics::new().unwrap();
    let primary = SecretString::from(pair.primary_url());
    let database = Database::open(&primary, &config(&[]).database, &metrics);
    for _ in 0..5 {
        database.run_write(add_note).await.unwrap();
        database.wrote(ANNA).await;
        assert!(database.run_replica(Some(ANNA), notes).await.unwrap() > 0);
    }
    let text = String::from_utf8(metrics.render().unwrap()).unwrap();
    for lane in ["short", "write"] {
        let line = format!("database_statements_total{{lane=\"{lane}\"}} 5");
        assert!(text.contains(&line), "one statement each: {text}");
    }
}

static NOTES: Module = Module { routes: mount, start: Module::nothing_to_start, jobs: &[] };

fn mount(config: &mut ServiceConfig<'_>) {
    config.service(read).service(write);
}

/// The caller names their user, as the guard of a server would after a look at the token.
fn caller(request: &HttpRequest) -> Option<Reader> {
    let name = request.headers().get("x-user")?.to_str().ok()?;
    let reader = Reader(name.parse().ok()?);
    reader.mark(request);
    Some(reader)
}

/// How many notes there are.
#[utoipa::path(responses((status = 200, body = i64), ReadProblems))]
#[get("/api/notes")]
async fn read(
    request: HttpRequest,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    let found = database.run_replica(caller(&request), notes).await?;
    Ok(HttpResponse::Ok().json(found))
}

/// One more.
#[utoipa::path(responses((status = 204), ReadProblems))]
#[post("/api/notes")]
async fn write(
    request: HttpRequest,
    database: web::Data<Database>,
) -> Result<HttpResponse, Problem> {
    caller(&request);
    database.run_write(add_note).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[actix_web::test]
async fn a_request_that_writes_is_remembered_for_its_user() {
    let pair = PostgresPair::start(Purpose::Test).unwrap();
    let scratch = Arc::new(Scratch::create_on(&pair.primary_url()).unwrap());
    scratch
        .connect()
        .unwrap()
        .batch_execute("CREATE TABLE notes (at timestamptz DEFAULT now())")
        .unwrap();
    let replica = pair.replica_url().replace(":///postgres", &format!(":///{}", scratch.name()));
    let flags = ["--replica-url", &replica, "--replica-lag", "1h"];
    let app = TestApp::serving_on(&scratch, &[&NOTES], &flags);
    let call = async |method: actix_web::http::Method, user: &str| {
        app.anonymous().send(method, "/api/notes", &[("x-user", user)], None).await
    };
    let replica_reads = || {
        let text = String::from_utf8(app.metrics.render().unwrap()).unwrap();
        text.contains("database_replica_reads_total{target=\"primary\"} ")
            && !text.contains("database_replica_reads_total{target=\"replica\"} 0")
    };
    while !replica_reads() {
        call(actix_web::http::Method::GET, "2").await;
    }
    on_replica(&pair, "SELECT pg_wal_replay_pause()");
    assert_eq!(call(actix_web::http::Method::POST, "1").await.status.as_u16(), 204);
    assert_eq!(call(actix_web::http::Method::GET, "1").await.text, "1", "her own");
    assert_eq!(call(actix_web::http::Method::GET, "2").await.text, "0", "a stranger's");
    on_replica(&pair, "SELECT pg_wal_replay_resume()");
    drop(app);
    assert!(scratch.url().expose_secret().contains(scratch.name()));
}
