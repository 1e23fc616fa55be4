//! What a reader sees in the terminal when the server is up.

use std::net::{IpAddr, SocketAddr};

use foundation::backing::Backing;

use crate::study::DemoPolicy;

/// Prints the addresses, what was started, where the data live, and how to stop.
pub(super) fn print(address: SocketAddr, backing: &Backing, policy: DemoPolicy) {
    println!("{}", text(address, backing, policy));
}

fn text(address: SocketAddr, backing: &Backing, policy: DemoPolicy) -> String {
    let url = format!("http://{}", reachable(address));
    let mut lines = vec![
        String::new(),
        "  Show your work".to_owned(),
        String::new(),
        row("Open", &format!("{url}/")),
        row("API", &format!("{url}/docs/")),
        String::new(),
    ];
    lines.extend(database(backing));
    lines.push(row("Redis", &redis(backing)));
    lines.push(row("Demos", demos(policy)));
    lines.extend([String::new(), "  Stop with Ctrl-C.".to_owned(), String::new()]);
    lines.join("\n")
}

fn row(name: &str, value: &str) -> String {
    format!("  {name:<10}{value}")
}

fn database(backing: &Backing) -> Vec<String> {
    let version = backing.version();
    match backing.private() {
        None => vec![row("Database", &format!("PostgreSQL {version}, from DATABASE_URL"))],
        Some((data, started)) => {
            let how = if started { "started for you" } else { "running already" };
            vec![
                row("Database", &format!("a private PostgreSQL {version}, {how}")),
                row("Data", &format!("{} (kept; `make reset` deletes it)", data.display())),
            ]
        }
    }
}

fn redis(backing: &Backing) -> String {
    match (backing.redis_url(), backing.private_redis()) {
        (Some(_), Some(redis)) => format!("a private Redis {}", redis.version()),
        (Some(_), None) => "from REDIS_URL".to_owned(),
        (None, _) => "none: caches and limits are this server's own".to_owned(),
    }
}

fn demos(policy: DemoPolicy) -> &'static str {
    match policy {
        DemoPolicy::Loopback => "run from the pages, by this machine only",
        DemoPolicy::Anybody => "run from the pages, by ANYBODY who can reach them (--allow-demos)",
        DemoPolicy::Nobody => "not run from the pages: this server is reachable from elsewhere",
    }
}

/// An address that a browser can open: "all addresses" is none.
fn reachable(address: SocketAddr) -> String {
    let host = match address.ip() {
        ip if ip.is_unspecified() => "localhost".to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    format!("{host}:{}", address.port())
}

/// The last line.
pub(super) fn farewell(backing: &Backing) -> &'static str {
    match backing.private() {
        Some((_, true)) => "  Stopped, and the private PostgreSQL with it.",
        _ => "  Stopped.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_shown_can_be_opened() {
        let cases = [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("0.0.0.0:80", "localhost:80"),
            ("[::]:80", "localhost:80"),
            ("[::1]:80", "[::1]:80"),
        ];
        for (bound, shown) in cases {
            assert_eq!(reachable(bound.parse().unwrap()), shown);
        }
    }
}
