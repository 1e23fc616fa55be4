//! What deploy/ says about the server is so. What its tools say about deploy/: `make deploy-check`.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use awc::http::Method;
use end_to_end::backend::Backend;
use end_to_end::binary;
use end_to_end::deploy::{Rule, anchors, dashboard_queries, rules, scraped, series, variables};
use end_to_end::person::{PASSWORD, log_in, register, send};
use evidence::workspace;
use foundation::scratch::Scratch;
use foundation::testing::{count, execute};
use local_services::Purpose;

/// What Prometheus makes itself, and what its other targets say: HAProxy, and the prober in front.
const OF_OTHERS: [&str; 6] = [
    "ALERTS",
    "haproxy_server_status",
    "probe_http_ssl",
    "probe_ssl_earliest_cert_expiry",
    "probe_success",
    "up",
];

/// What only a server with a read replica tells; the tests of the foundation start one.
const OF_A_REPLICA: [&str; 2] = ["database_replica_lag_seconds", "database_replica_reads_total"];

fn deploy(path: &str) -> PathBuf {
    workspace::root().unwrap().join("deploy").join(path)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn all_rules() -> Vec<Rule> {
    let files = ["slo.yml", "alerts.yml"].map(|file| deploy("prometheus/rules").join(file));
    files.iter().flat_map(|file| rules(&read(file))).collect()
}

fn a_server(scratch: &Scratch) -> Backend {
    Backend::start(|command| {
        command.envs(scratch.environment()).args(["--bcrypt-cost", "4"]);
    })
    .unwrap()
}

async fn get(url: &str) -> String {
    let client = awc::Client::builder().timeout(Duration::from_secs(10)).finish();
    let mut response = client.get(url).send().await.unwrap();
    String::from_utf8(response.body().limit(1 << 20).await.unwrap().to_vec()).unwrap()
}

/// Requests to the API, and a job that fails: some series begin with their first event.
async fn traffic(scratch: &Scratch, base: &str) {
    assert_eq!(register(base, "ada@example.org").await.status, 201);
    assert_eq!(log_in(base, "ada@example.org", PASSWORD).await.status, 201);
    let todos = send(base, Method::GET, "/api/v1/todos", None, None).await;
    assert_eq!(todos.status, 401);
    let job = "INSERT INTO background_jobs (kind, payload) VALUES ('catalogue-import', '[]')";
    execute(scratch, job);
    for _ in 0..600 {
        if count(scratch, "background_jobs WHERE last_error IS NOT NULL") > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no worker has tried the job");
}

#[actix_web::test]
async fn every_metric_of_the_rules_and_the_dashboard_is_one_that_a_server_tells() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let server = a_server(&scratch);
    traffic(&scratch, server.base()).await;
    let told = scraped(&get(&format!("{}/metrics", server.base())).await);

    let rules = all_rules();
    let recorded = rules.iter().filter(|rule| !rule.is_alert).map(|rule| rule.name.clone());
    let of_others = OF_OTHERS.into_iter().chain(OF_A_REPLICA).map(str::to_owned);
    let known: BTreeSet<String> = told.into_iter().chain(recorded).chain(of_others).collect();
    let dashboard = read(&deploy("grafana/dashboards/backend.json"));
    let mut queries = dashboard_queries(&serde_json::from_str(&dashboard).unwrap());
    assert!(queries.len() > 30, "the dashboard was read");
    assert!(rules.iter().all(|rule| !rule.query.is_empty()), "every rule was read: {rules:?}");
    queries.extend(rules.into_iter().map(|rule| rule.query));
    queries.push(adapter_query());

    let mut unknown = BTreeSet::new();
    for query in &queries {
        let names = series(query);
        unknown.extend(names.difference(&known).map(|name| format!("{name} in {query}")));
    }
    assert_eq!(unknown, BTreeSet::new());
}

/// What the autoscaler of the workers goes by.
fn adapter_query() -> String {
    let text = read(&deploy("prometheus/adapter.yaml"));
    let line = text.lines().find_map(|line| line.trim().strip_prefix("metricsQuery: "));
    line.unwrap().trim_matches('\'').to_owned()
}

#[test]
fn every_alert_has_its_run_book() {
    let page = read(&workspace::root().unwrap().join("docs/runbooks.md"));
    let anchors = anchors(&page);
    let alerts: Vec<Rule> = all_rules().into_iter().filter(|rule| rule.is_alert).collect();
    assert!(alerts.len() > 20, "the rules were read");
    for alert in alerts {
        let anchor = alert.run_book.strip_prefix("docs/runbooks.md#").unwrap_or_default();
        assert!(anchors.contains(anchor), "{}: {:?}", alert.name, alert.run_book);
        assert_eq!(anchor, alert.name.to_lowercase());
    }
}

#[test]
fn every_setting_of_a_manifest_is_one_that_the_server_knows() {
    let help = Command::new(binary::path("backend").unwrap()).args(["serve", "--help"]).output();
    let help = String::from_utf8(help.unwrap().stdout).unwrap();
    let of_others = |name: &str| {
        ["POSTGRES_", "GF_", "REPLICA_", "HAPROXY_", "REDISCLI_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    };
    let mut seen = 0;
    for file in [
        "compose/compose.yaml",
        "compose/pooler.yaml",
        "kubernetes/config.yaml",
        "kubernetes/secret.example.yaml",
        "kubernetes/workers.yaml",
    ] {
        let set = variables(&read(&deploy(file)));
        for name in set.iter().filter(|name| !of_others(name)) {
            let known = [']', '='].iter().any(|end| help.contains(&format!("[env: {name}{end}")));
            assert!(known, "{file}: {name}");
            seen += 1;
        }
    }
    assert!(seen > 15, "{seen} settings were read");
}

#[actix_web::test]
async fn a_server_starts_with_the_secrets_that_are_made_for_compose() {
    let home = tempfile::tempdir().unwrap();
    let script = home.path().join("secrets.sh");
    fs::copy(deploy("compose/secrets.sh"), &script).unwrap();
    assert!(Command::new("sh").arg(&script).output().unwrap().status.success());
    let made = read(&home.path().join(".env"));
    let secrets = made.lines().map(|line| line.split_once('=').unwrap());

    let scratch = Scratch::create(Purpose::Test).unwrap();
    let server = Backend::start(|command| {
        command.envs(scratch.environment()).args(["--bcrypt-cost", "4"]).envs(secrets);
    })
    .unwrap();
    let registered = register(server.base(), "ada@example.org").await;
    assert_eq!(registered.status, 201, "{}", registered.body);
    let logged_in = log_in(server.base(), "ada@example.org", PASSWORD).await;
    assert_eq!(logged_in.status, 201, "{}", logged_in.body);

    let again = Command::new("sh").arg(&script).output().unwrap();
    assert!(!again.status.success(), "secrets that are there are not overwritten");
    assert_eq!(read(&home.path().join(".env")), made);
}

#[actix_web::test]
async fn the_health_check_of_the_image_tells_a_server_that_serves_from_one_that_does_not() {
    let home = tempfile::tempdir().unwrap();
    let program = home.path().join("health");
    let source = deploy("container/health.rs");
    let built =
        Command::new("rustc").args(["--edition", "2024", "-o"]).args([&program, &source]).status();
    assert!(built.unwrap().success());
    let asked = |server: &str, path: &str| {
        let port = server.rsplit(':').next().unwrap();
        let listen = format!("0.0.0.0:{port}");
        Command::new(&program).arg(path).env("LISTEN", listen).output().unwrap().status.success()
    };

    let scratch = Scratch::create(Purpose::Test).unwrap();
    let mut server = a_server(&scratch);
    let base = server.base().to_owned();
    assert!(asked(&base, "/health/live"));
    assert!(asked(&base, "/health/ready"));
    assert!(!asked(&base, "/health/nowhere"), "404 is not well");
    server.signal("TERM").unwrap();
    server.wait().unwrap();
    assert!(!asked(&base, "/health/live"), "nobody listens");
}

#[test]
fn the_series_of_a_query_are_told_from_its_functions_words_and_labels() {
    let names = |query: &str| series(query).into_iter().collect::<Vec<_>>();
    assert_eq!(
        names(r#"sum by (le, route) (rate(a_bucket{route=~"/x", le="1"}[5m])) > 0.5 * 1024"#),
        ["a_bucket"]
    );
    assert_eq!(names("a and on (instance) b == 1 or vector(0)"), ["a", "b"]);
    assert_eq!(names("slo:bad:rate1m / (1 - slo:objective)"), ["slo:bad:rate1m", "slo:objective"]);
    assert_eq!(names("absent(up{job=\"x\"}) offset 5m"), ["up"]);
    assert_eq!(names("p99_seconds > bool 14.4"), ["p99_seconds"]);
}

#[test]
fn rules_are_read_in_each_of_their_shapes() {
    let text = "      - {record: \"a:b\", labels: {x: y}, expr: vector(1)}\n      - record: c\n        \
                expr: |\n          d\n          - e\n        labels: {x: y}\n      # - alert: none\n      \
                - alert: F\n        expr: g > 1\n          runbook_url: docs/h.md#f\n";
    let read = rules(text);
    let shapes: Vec<_> =
        read.iter().map(|rule| (&*rule.name, &*rule.query, rule.is_alert)).collect();
    assert_eq!(shapes, [("a:b", "vector(1)", false), ("c", "d - e ", false), ("F", "g > 1", true)]);
    assert_eq!(read[2].run_book, "docs/h.md#f");
}

#[test]
fn anchors_and_variables_are_found_where_they_stand() {
    let found = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>();
    assert_eq!(
        found(anchors("# Run-books\n## NoServer\ntext # no\n### `a` b!")),
        ["a-b", "noserver", "run-books"]
    );
    let manifest = "  DRAIN: 3s\n  # OLD: 1\n  environment: {LOG_FORMAT: json, B: 1}\n  Kind: x\n";
    assert_eq!(found(variables(manifest)), ["DRAIN", "LOG_FORMAT"]);
}
