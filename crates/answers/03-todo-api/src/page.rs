//! A page of to-dos as the cache keeps it: written once, sent many times.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use actix_web::http::Uri;
use error_handling::{Cause, Problem};
use foundation::paging::{Limit, Page};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::handlers::todo_body::TodoBody;
use crate::store::todos::Todo;
use foundation::http::BaseUrl;

/// One page of somebody's to-dos; cheap to clone.
///
/// JSON text and no rows: writing a hundred rows as JSON takes longer than all else that a cached
/// read does. Only the address in each `url` is left out, as the same page may be asked for by
/// several names of this server.
#[derive(Clone, Debug)]
pub(crate) struct TodoPage(Arc<Written>);

#[derive(Debug, Serialize, Deserialize)]
struct Written {
    /// The array, with a path in each `url`.
    json: String,
    /// Where in it the address belongs, in ascending order.
    gaps: Vec<usize>,
    next: Option<String>,
    tag: String,
}

impl TodoPage {
    /// Writes the page of these rows, of which one too many was asked for.
    ///
    /// # Errors
    /// 500 when it cannot be written as JSON.
    pub(crate) fn write(rows: Vec<Todo>, limit: Limit) -> Result<Self, Problem> {
        let Page { items, next } = Page::from_rows(rows, limit, |todo| todo.id)?;
        let tag = tag(&items, next.as_deref());
        let (mut json, mut gaps) = ("[".to_owned(), Vec::with_capacity(items.len()));
        for todo in items {
            let item = serde_json::to_string(&TodoBody::new(todo, &BaseUrl::NONE))
                .map_err(|_| Problem::internal(Cause::new("to-do could not be written")))?;
            if json.len() > 1 {
                json.push(',');
            }
            // The first: only a number stands before it, and no text that could hold the same.
            const BEFORE: &str = "\"url\":\"";
            gaps.extend(item.find(BEFORE).map(|at| json.len() + at + BEFORE.len()));
            json.push_str(&item);
        }
        json.push(']');
        Ok(Self(Arc::new(Written { json, gaps, next, tag })))
    }

    /// The body for a client that reached this server under `base`.
    pub(crate) fn body(&self, base: &BaseUrl) -> String {
        let Written { json, gaps, .. } = &*self.0;
        let mut body = String::with_capacity(json.len() + gaps.len() * base.as_str().len());
        let mut from = 0;
        for &gap in gaps {
            body.push_str(&json[from..gap]);
            body.push_str(base.as_str());
            from = gap;
        }
        body + &json[from..]
    }

    /// The page's entity tag.
    pub(crate) fn tag(&self) -> &str {
        &self.0.tag
    }

    /// The `Link` header to the next page; none on the last.
    pub(crate) fn link(&self, uri: &Uri) -> Option<String> {
        Page::<()> { items: Vec::new(), next: self.0.next.clone() }.link(uri)
    }
}

/// A weak tag (RFC 9110, section 8.8.1): equal for pages of the same to-dos in the same versions,
/// whatever name or compression they were asked for by. It is told to their owner alone, so a hash
/// that an attacker could find collisions of is enough.
fn tag(todos: &[Todo], next: Option<&str>) -> String {
    let mut hasher = DefaultHasher::new();
    next.hash(&mut hasher);
    for todo in todos {
        (todo.id, todo.version).hash(&mut hasher);
    }
    format!("W/\"{:016x}\"", hasher.finish())
}

impl Serialize for TodoPage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for TodoPage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Written::deserialize(deserializer).map(|written| Self(Arc::new(written)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn todo(id: i64, title: &str) -> Todo {
        Todo {
            id: id.into(),
            title: title.to_owned(),
            completed: false,
            order: None,
            category_id: None,
            category_name: None,
            version: 1,
            created_at: chrono::DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn each_url_gets_the_address_and_nothing_else_does() {
        let limit = Limit::parse(None, 100, 500).unwrap();
        let titles = ["a", r#"","url":"/api/v1/todos/7"#, "ü"];
        for count in 0..=titles.len() {
            let rows: Vec<Todo> =
                titles[..count].iter().zip(1..).map(|(title, id)| todo(id, title)).collect();
            let page = TodoPage::write(rows, limit).unwrap();
            let again: TodoPage =
                serde_json::from_str(&serde_json::to_string(&page).unwrap()).unwrap();
            let body: Value =
                serde_json::from_str(&again.body(&BaseUrl::of("http://a.example"))).unwrap();
            assert_eq!(body.as_array().unwrap().len(), count);
            for (item, (title, id)) in body.as_array().unwrap().iter().zip(titles.iter().zip(1..)) {
                assert_eq!(item["url"], json!(format!("http://a.example/api/v1/todos/{id}")));
                assert_eq!(item["title"], json!(title));
            }
        }
    }

    #[test]
    fn the_tag_tells_pages_apart_by_their_versions() {
        let limit = Limit::parse(None, 100, 500).unwrap();
        let tag = |rows| TodoPage::write(rows, limit).unwrap().tag().to_owned();
        let changed = Todo { version: 2, ..todo(1, "a") };
        let tags =
            [tag(vec![]), tag(vec![todo(1, "a")]), tag(vec![changed]), tag(vec![todo(2, "a")])];
        for (index, one) in tags.iter().enumerate() {
            assert!(tags[..index].iter().all(|other| other != one), "{tags:?}");
        }
    }
}
