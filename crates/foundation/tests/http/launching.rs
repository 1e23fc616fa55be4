//! A server from its configuration, as `serve` starts it.

use std::sync::mpsc;

use clap::Parser;
use foundation::config::Config;
use foundation::http::no_pages;
use foundation::launch::{Service, serve};
use foundation::scratch::{Scratch, number};
use local_services::Purpose;
use secrecy::ExposeSecret;

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    config: Config,
}

fn configured(address: &str, flags: &[&str]) -> Config {
    Flags::parse_from(["serve", "--listen", address].iter().chain(flags)).config
}

fn service() -> Service {
    Service { modules: Vec::new(), pages: no_pages(), on_signal: Box::new(|| {}) }
}

#[test]
fn a_server_that_serves_has_no_session_beside_those_of_its_lanes() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let url = scratch.url();
    let (tell, told) = mpsc::channel();
    // It serves until this program ends: only a signal to the whole process would stop it.
    std::thread::spawn(move || {
        let flags = ["--database-url", url.expose_secret(), "--redis-url", "redis://127.0.0.1:1"];
        let served = serve(
            &configured("127.0.0.1:0", &flags),
            |_| service(),
            |address, _| {
                tell.send(address).unwrap();
            },
        );
        served.map(drop).unwrap();
    });
    told.recv_timeout(std::time::Duration::from_secs(60)).unwrap();
    let mut connection = scratch.connect().unwrap();
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                  AND pid <> pg_backend_pid() AND application_name NOT LIKE 'lane %'
                  AND query NOT LIKE 'SET TIME ZONE%' AND query <> ''";
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while number(&mut connection, others).unwrap() > 0 {
        assert!(std::time::Instant::now() < end, "the session that started it stays");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn a_replica_whose_url_cannot_be_read_keeps_the_server_from_starting() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let url = scratch.url();
    let flags = ["--database-url", url.expose_secret(), "--redis-url", "redis://127.0.0.1:1"];
    let flags = [&flags[..], &["--replica-url", "host=db password=hunter2"]].concat();
    let config = configured("127.0.0.1:0", &flags);
    let refused = serve(&config, |_| service(), |_, _| panic!("it serves"));
    let said = refused.err().unwrap().to_string();
    assert!(said.contains("REPLICA_URL") && said.contains("unset it"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn an_address_that_cannot_be_used_is_told_with_the_next_step() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let url = scratch.url();
    let flags = ["--database-url", url.expose_secret(), "--redis-url", "redis://127.0.0.1:1"];
    // Of the block that is for documentation (RFC 5737): no machine has it.
    let config = configured("192.0.2.1:80", &flags);
    let refused = serve(&config, |_| service(), |_, _| panic!("it serves"));
    let said = refused.err().unwrap().to_string();
    assert!(said.contains("192.0.2.1:80") && said.contains("--listen"), "{said}");
}
