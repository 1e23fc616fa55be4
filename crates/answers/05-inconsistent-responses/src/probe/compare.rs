//! Two JSON bodies member by member: JSON pointers with both values.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use serde_json::Value;

use super::canonical::canonical;

/// Members by which elements of an array are recognised in another order, the first that fits.
const IDENTITIES: [&str; 6] = ["id", "uuid", "key", "slug", "reference", "name"];
/// Differences of one pair of bodies that are kept.
const MOST: usize = 1_000;

/// In what way two bodies differ at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Status or media type differ, or nothing came back.
    Head,
    /// A member is missing in one, or of another type.
    Shape,
    /// The same elements in another order.
    Order,
    /// Another value of the same type.
    Value,
}

/// One place where two bodies differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) kind: Kind,
    /// JSON pointer into the first body.
    pub(super) pointer: String,
    /// The same with `*` for each index, which joins what differs for one reason.
    pub(super) pattern: String,
    pub(super) left: Option<String>,
    pub(super) right: Option<String>,
}

/// Every place where `right` differs from `left`.
pub(super) fn compare(left: &Value, right: &Value) -> Vec<Place> {
    let mut found = Vec::new();
    Walk { found: &mut found }.values(&Steps::default(), left, right);
    found
}

#[derive(Clone, Default)]
struct Steps {
    pointer: String,
    pattern: String,
}

impl Steps {
    fn member(&self, name: &str) -> Self {
        let name = name.replace('~', "~0").replace('/', "~1");
        Self {
            pointer: format!("{}/{name}", self.pointer),
            pattern: format!("{}/{name}", self.pattern),
        }
    }

    fn element(&self, index: usize) -> Self {
        Self {
            pointer: format!("{}/{index}", self.pointer),
            pattern: format!("{}/*", self.pattern),
        }
    }
}

struct Walk<'found> {
    found: &'found mut Vec<Place>,
}

impl Walk<'_> {
    fn values(&mut self, at: &Steps, left: &Value, right: &Value) {
        match (left, right) {
            _ if left == right => {}
            (Value::Object(left), Value::Object(right)) => {
                let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
                for name in names {
                    self.perhaps(&at.member(name), left.get(name), right.get(name));
                }
            }
            (Value::Array(left), Value::Array(right)) => self.arrays(at, left, right),
            _ if kind_of(left) == kind_of(right) => self.differ(Kind::Value, at, left, right),
            _ => self.differ(Kind::Shape, at, left, right),
        }
    }

    fn perhaps(&mut self, at: &Steps, left: Option<&Value>, right: Option<&Value>) {
        match (left, right) {
            (Some(left), Some(right)) => self.values(at, left, right),
            _ => self.push(Kind::Shape, at, left.map(canonical), right.map(canonical)),
        }
    }

    fn arrays(&mut self, at: &Steps, left: &[Value], right: &[Value]) {
        if let Some((left_ids, right_ids)) = identities(left, right) {
            self.identified(at, (left, &left_ids), (right, &right_ids));
            return;
        }
        let texts = |elements: &[Value]| elements.iter().map(canonical).collect::<Vec<_>>();
        let (left_texts, right_texts) = (texts(left), texts(right));
        if sorted(&left_texts) == sorted(&right_texts) {
            self.order(at, &left_texts, &right_texts);
            return;
        }
        for index in 0..left.len().max(right.len()) {
            self.perhaps(&at.element(index), left.get(index), right.get(index));
        }
    }

    /// Elements with the same identity are compared wherever they stand.
    fn identified(
        &mut self,
        at: &Steps,
        (left, left_ids): (&[Value], &[String]),
        (right, right_ids): (&[Value], &[String]),
    ) {
        let (in_left, in_right) = (places(left_ids), places(right_ids));
        let common = |ids: &[String], others: &Places| {
            let shared = ids.iter().filter(|id| others.contains_key(id.as_str()));
            shared.cloned().collect::<Vec<_>>()
        };
        let (before, after) = (common(left_ids, &in_right), common(right_ids, &in_left));
        if before != after {
            self.order(at, &before, &after);
        }
        for (index, id) in left_ids.iter().enumerate() {
            let other = in_right.get(id.as_str()).and_then(|&other| right.get(other));
            self.perhaps(&at.element(index), left.get(index), other);
        }
        for (index, id) in right_ids.iter().enumerate() {
            if !in_left.contains_key(id.as_str()) {
                self.perhaps(&at.element(index), None, right.get(index));
            }
        }
    }

    fn order(&mut self, at: &Steps, left: &[String], right: &[String]) {
        self.push(Kind::Order, at, Some(left.join(" ")), Some(right.join(" ")));
    }

    fn differ(&mut self, kind: Kind, at: &Steps, left: &Value, right: &Value) {
        self.push(kind, at, Some(canonical(left)), Some(canonical(right)));
    }

    fn push(&mut self, kind: Kind, at: &Steps, left: Option<String>, right: Option<String>) {
        if self.found.len() < MOST {
            let Steps { pointer, pattern } = at.clone();
            self.found.push(Place { kind, pointer, pattern, left, right });
        }
    }
}

/// What tells the elements of both arrays apart: a member that each has, with a value of its own.
fn identities(left: &[Value], right: &[Value]) -> Option<(Vec<String>, Vec<String>)> {
    if left.is_empty() || right.is_empty() {
        return None;
    }
    let ids = |elements: &[Value], name: &str| {
        let ids: Option<Vec<String>> = elements
            .iter()
            .map(|element| element.get(name).filter(|id| id.is_string() || id.is_number()))
            .map(|id| id.map(canonical))
            .collect();
        ids.filter(|ids| ids.iter().collect::<BTreeSet<_>>().len() == ids.len())
    };
    IDENTITIES.iter().find_map(|name| Some((ids(left, name)?, ids(right, name)?)))
}

type Places<'id> = HashMap<&'id str, usize>;

fn places(ids: &[String]) -> Places<'_> {
    ids.iter().enumerate().map(|(index, id)| (id.as_str(), index)).collect()
}

fn sorted(texts: &[String]) -> Vec<&String> {
    let mut sorted: Vec<&String> = texts.iter().collect();
    sorted.sort_unstable();
    sorted
}

fn kind_of(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

#[cfg(test)]
mod tests;
