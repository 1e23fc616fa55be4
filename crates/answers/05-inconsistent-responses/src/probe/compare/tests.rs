use serde_json::{Value, json};

use super::{Kind, compare};

fn places(left: &Value, right: &Value) -> Vec<(Kind, String, String)> {
    compare(left, right)
        .into_iter()
        .map(|place| (place.kind, place.pointer, place.pattern))
        .collect()
}

fn one(left: &Value, right: &Value, kind: Kind, pointer: &str, pattern: &str) {
    assert_eq!(
        places(left, right),
        [(kind, pointer.to_owned(), pattern.to_owned())],
        "{left} and {right}"
    );
}

#[test]
fn each_way_to_differ_is_told_with_its_pointer() {
    one(&json!({"a": {"b": 1}}), &json!({"a": {"b": 2}}), Kind::Value, "/a/b", "/a/b");
    one(&json!({"a": 1}), &json!({"a": "1"}), Kind::Shape, "/a", "/a");
    one(&json!({"a": 1, "b": 1}), &json!({"a": 1}), Kind::Shape, "/b", "/b");
    one(&json!({"a/b~": 1}), &json!({"a/b~": 2}), Kind::Value, "/a~1b~0", "/a~1b~0");
    one(&json!([1, 2]), &json!([1, 3]), Kind::Value, "/1", "/*");
    one(&json!([1, 2]), &json!([1]), Kind::Shape, "/1", "/*");
    one(&json!({"a": [1, 2]}), &json!({"a": [2, 1]}), Kind::Order, "/a", "/a");
    one(&json!(1), &json!(2), Kind::Value, "", "");
}

#[test]
fn elements_with_an_id_are_compared_wherever_they_stand() {
    let left = json!([{"id": 7, "a": 1}, {"id": 8, "a": 2}]);
    let right = json!([{"id": 8, "a": 2}, {"id": 7, "a": 3}]);
    let both = [
        (Kind::Order, String::new(), String::new()),
        (Kind::Value, "/0/a".to_owned(), "/*/a".to_owned()),
    ];
    assert_eq!(places(&left, &right), both);
    one(&left, &json!([{"id": 8, "a": 2}]), Kind::Shape, "/0", "/*");
}

#[test]
fn equal_bodies_differ_nowhere_and_many_differences_are_cut_off() {
    let same = json!({"a": [1, {"id": 2}]});
    assert_eq!(places(&same, &same), []);
    let many = |value: u32| json!((0..2_000).map(|n| n * 2 + value).collect::<Vec<_>>());
    assert_eq!(places(&many(0), &many(1)).len(), super::MOST);
}
