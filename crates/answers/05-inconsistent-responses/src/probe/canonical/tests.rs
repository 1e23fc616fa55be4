use super::{Body, Pattern};

const JSON: &str = "application/json";

fn same(left: &str, right: &str, ignore: &[&str]) -> bool {
    let ignore: Vec<Pattern> = ignore.iter().map(|text| text.parse().unwrap()).collect();
    let [left, right] =
        [left, right].map(|text| Body::read(JSON, text.as_bytes(), &ignore).digest(200, JSON));
    left == right
}

#[test]
fn bodies_are_the_same_when_a_client_cannot_tell_them_apart() {
    let cases = [
        (r#"{"a":1,"b":2}"#, r#"{ "b": 2, "a": 1 }"#, true),
        (r#"{"a":{"c":1,"b":2}}"#, r#"{"a":{"b":2,"c":1}}"#, true),
        (r#"{"a":"é"}"#, r#"{"a":"\u00e9"}"#, true),
        (r#"{"a":1e2}"#, r#"{"a":100.0}"#, true),
        ("[1,2]", "[2,1]", false),
        (r#"{"a":1}"#, r#"{"a":"1"}"#, false),
        (r#"{"a":1}"#, r#"{"a":1.0}"#, false),
        (r#"{"a":null}"#, "{}", false),
        (r#"{"a":[]}"#, r#"{"a":{}}"#, false),
        (r#"{"a":1"#, r#"{"a":1 "#, false),
    ];
    for (left, right, expected) in cases {
        assert_eq!(same(left, right, &[]), expected, "{left} and {right}");
    }
}

#[test]
fn ignored_members_make_no_difference_and_all_others_do() {
    let cases = [
        (r#"{"id":1,"a":1}"#, r#"{"id":2,"a":1}"#, "/id", true),
        (r#"{"id":1,"a":1}"#, r#"{"id":2,"a":2}"#, "/id", false),
        (r#"{"o":[{"t":1},{"t":2}]}"#, r#"{"o":[{"t":3},{"t":4}]}"#, "/o/*/t", true),
        (r#"{"o":[{"t":1},{"t":2}]}"#, r#"{"o":[{"t":3},{"t":4}]}"#, "/o/0/t", false),
        (r#"{"o":[1,2]}"#, r#"{"o":[1,3]}"#, "/o/1", true),
        (r#"{"a/b":1}"#, r#"{"a/b":2}"#, "/a~1b", true),
        (r#"{"x":{"t":1}}"#, r#"{"x":{"t":2}}"#, "/*/t", true),
    ];
    for (left, right, pointer, expected) in cases {
        assert_eq!(same(left, right, &[pointer]), expected, "{left} and {right} but for {pointer}");
    }
}

#[test]
fn what_is_no_pointer_is_refused() {
    for text in ["", "/", "request_id", "#/a"] {
        assert!(text.parse::<Pattern>().is_err(), "{text:?}");
    }
}

#[test]
fn status_and_media_type_count_and_other_media_are_compared_byte_for_byte() {
    let json = Body::read(JSON, b"{}", &[]);
    assert_ne!(json.digest(200, JSON), json.digest(404, JSON));
    assert_ne!(json.digest(200, JSON), json.digest(200, "application/problem+json"));
    let text = |bytes| Body::read("text/plain", bytes, &[]).digest(200, "text/plain");
    assert_eq!(text(b"{}"), text(b"{}"));
    assert_ne!(text(b"{}"), text(b"{ }"));
    assert_eq!(json.digest(200, JSON).to_string().len(), 12);
}
