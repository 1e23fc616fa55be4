//! What libpq leaves unbounded unless its URL says otherwise.

use std::borrow::Cow;

use diesel::ConnectionError;

/// For a server one network hop away, of which a lane makes many connections.
pub(super) const SOON: u8 = 2;
/// For a connection that a whole process waits for, also on a machine that is busy.
pub(crate) const PATIENTLY: u8 = 10;

/// A host that is gone without a word, as after a failover or behind a cable that was cut, is given
/// up after some twenty seconds instead of the system's quarter of an hour, in which the thread that
/// waits for its answer would be of no use (libpq manual, 34.1.2; sockets have no such settings).
const TCP: [(&str, &str); 4] = [
    ("keepalives_idle", "10"),
    ("keepalives_interval", "5"),
    ("keepalives_count", "2"),
    ("tcp_user_timeout", "20000"),
];

/// The URL of a database with bounds on connecting, in seconds, and on silence; those that it brings
/// itself hold.
pub(crate) fn bounded(url: &str, connect_within: u8) -> String {
    let mut bounded = url.to_owned();
    let brought: Vec<Cow<'_, str>> = match url.split_once('?') {
        Some((_, query)) => {
            form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name).collect()
        }
        None => Vec::new(),
    };
    let within = connect_within.to_string();
    let wanted = [("connect_timeout", within.as_str())].into_iter().chain(TCP);
    let mut separator = if url.contains('?') { '&' } else { '?' };
    for (name, value) in wanted.filter(|(name, _)| !brought.iter().any(|it| it == name)) {
        bounded.extend([&separator.to_string(), name, "=", value]);
        separator = '&';
    }
    bounded
}

/// Whether this is a URL at all. libpq would also take `host=… password=…`, to which nothing can be
/// added here and whose parts no message would mask.
pub(crate) fn is_url(text: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme))
}

/// Why a connection failed, in words that hold no host, role or database.
pub(super) fn reason(error: &ConnectionError) -> &'static str {
    let ConnectionError::BadConnection(message) = error else { return "the URL cannot be read" };
    let known = [
        ("password authentication failed", "wrong password or role"),
        ("no pg_hba.conf entry", "no pg_hba.conf entry for this client"),
        ("too many clients", "too many connections"),
        ("remaining connection slots", "too many connections"),
        ("too many connections", "too many connections"),
        ("does not exist", "the role, the database or the socket does not exist"),
        ("starting up", "the server is starting"),
        ("shutting down", "the server is stopping"),
        ("refuses its settings", "the session refuses its settings"),
        ("timeout expired", "no answer in time"),
        ("timed out", "no answer in time"),
        ("could not translate host name", "the host has no address"),
        ("Connection refused", "nothing listens there"),
        ("No such file", "nothing listens there"),
    ];
    known.iter().find(|(part, _)| message.contains(part)).map_or("other", |(_, reason)| reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_added_to_a_url_and_its_own_are_kept() {
        let plain = bounded("postgres://app:a%3Fb@db/shop", SOON);
        assert!(plain.starts_with("postgres://app:a%3Fb@db/shop?connect_timeout=2&"), "{plain}");
        assert!(plain.ends_with("&tcp_user_timeout=20000"), "{plain}");
        let own = bounded("postgres:///shop?host=/run&connect_timeout=9&keepalives_idle=1", SOON);
        assert_eq!(own.matches("connect_timeout").count(), 1, "{own}");
        assert_eq!(own.matches("keepalives_idle").count(), 1, "{own}");
        assert!(own.contains("keepalives_idle=1&keepalives_interval=5"), "{own}");
    }

    #[test]
    fn a_failure_is_told_without_the_names_in_it() {
        let cases = [
            (
                "FATAL:  password authentication failed for user \"hunter2\"",
                "wrong password or role",
            ),
            (
                "connection to server at \"hunter2\", port 5432 failed: timeout expired",
                "no answer in time",
            ),
            (
                "FATAL:  database \"hunter2\" does not exist",
                "the role, the database or the socket does not exist",
            ),
            ("something about hunter2", "other"),
        ];
        for (message, told) in cases {
            assert_eq!(reason(&ConnectionError::BadConnection(message.to_owned())), told);
        }
        assert_eq!(
            reason(&ConnectionError::InvalidConnectionUrl("hunter2".to_owned())),
            "the URL cannot be read"
        );
    }
}
