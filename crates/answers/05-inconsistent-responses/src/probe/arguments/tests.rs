use super::{FromArgMatches, ProbeArgs, command};

fn parse(words: &[&str]) -> Result<ProbeArgs, clap::Error> {
    let words = std::iter::once(&"probe").chain(words);
    command().try_get_matches_from(words).and_then(|matches| ProbeArgs::from_arg_matches(&matches))
}

#[test]
fn a_url_is_enough() {
    let probe = parse(&["https://example.org/orders"]).unwrap().probe();
    assert_eq!(probe.url.as_str(), "https://example.org/orders");
    assert_eq!((probe.requests, probe.concurrency, probe.body_limit), (1_000, 8, 1 << 20));
    assert_eq!(probe.instance_header, "x-instance");
}

#[test]
fn everything_may_be_said() {
    let words = "http://localhost/ -n 50 --concurrency 2 --instance-header X-Pod --ignore /a \
                 --ignore /b/*/c --fresh-connections --timeout 3 --max-body 99";
    let mut words: Vec<&str> = words.split_whitespace().collect();
    words.extend(["--header", "authorization: Bearer a:b", "--header", "accept:text/plain"]);
    let probe = parse(&words).unwrap().probe();
    assert_eq!((probe.requests, probe.concurrency, probe.body_limit), (50, 2, 99));
    assert_eq!((probe.instance_header.as_str(), probe.ignore.len()), ("x-pod", 2));
    assert!(probe.fresh_connections);
    let headers: Vec<_> = probe
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    assert_eq!(headers, [("authorization", "Bearer a:b"), ("accept", "text/plain")]);
}

#[test]
fn wrong_usage_is_refused_without_repeating_a_secret() {
    for words in [
        &[][..],
        &["example.org"],
        &["ftp://example.org"],
        &["http://localhost/", "-n", "1"],
        &["http://localhost/", "-n", "100001"],
        &["http://localhost/", "--concurrency", "0"],
        &["http://localhost/", "--ignore", "request_id"],
        &["http://localhost/", "--header", "no colon"],
        &["http://localhost/", "--header", "a b: c"],
        &["http://localhost/", "--instance-header", "a b"],
    ] {
        assert_eq!(parse(words).unwrap_err().exit_code(), 2, "{words:?}");
    }
}
