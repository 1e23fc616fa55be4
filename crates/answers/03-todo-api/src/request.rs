//! What clients send, and how it becomes what may be stored.

use error_handling::{InvalidField, Problem};
use foundation::paging::{Limit, decode_cursor};
use serde::{Deserialize, Deserializer};
use utoipa::{IntoParams, ToSchema};

use crate::model::{CategoryId, CategoryName, Order, Title};
use crate::store::todos::{Changes, Filter, Listing, NewTodo};

/// To-dos on a page of a client that did not say how many: most people have fewer.
pub(crate) const DEFAULT_LIMIT: u16 = 100;
const MOST_LIMIT: u16 = 500;

/// A to-do as it shall be: of POST, and of PUT, which replaces with it all there was.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewTodo)]
pub(crate) struct TodoInput {
    /// What is to be done: 1 to 500 characters in at most 2 000 bytes, on one line.
    #[schema(min_length = 1, max_length = 500, example = "walk the dog")]
    title: String,
    /// Whether it is done; `false` when absent.
    #[serde(default)]
    completed: bool,
    /// Where it shall stand among the others; none when absent.
    #[schema(minimum = -1_000_000_000, maximum = 1_000_000_000, example = 95)]
    order: Option<i64>,
    /// The category to put it in, one of your own; none when absent.
    category_id: Option<i64>,
}

impl TodoInput {
    /// Checks every field.
    ///
    /// # Errors
    /// 422 that points at each refused field.
    pub(crate) fn parse(self) -> Result<NewTodo, Problem> {
        let title = Title::parse(self.title).map_err(|why| why.in_body("/title"));
        let order = parse_order(self.order);
        match (title, order) {
            (Ok(title), Ok(order)) => Ok(NewTodo {
                title,
                completed: self.completed,
                order,
                category: self.category_id.map(CategoryId::from),
            }),
            (title, order) => {
                Err(Problem::invalid(title.err().into_iter().chain(order.err()).collect()))
            }
        }
    }
}

/// Changes to a to-do, as a JSON merge patch (RFC 7396): what is absent stays, `null` removes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TodoPatch)]
pub(crate) struct TodoPatch {
    /// Another title; a to-do cannot be without.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 500)]
    title: Option<Option<String>>,
    /// Whether it is done; `null` is as good as `false`.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<bool>)]
    completed: Option<Option<bool>>,
    /// Another place; `null` for none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>, minimum = -1_000_000_000, maximum = 1_000_000_000)]
    order: Option<Option<i64>>,
    /// Another category; `null` for none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>)]
    category_id: Option<Option<i64>>,
}

/// Told apart from an absent member, for which serde takes the default: `null` is `Some(None)`.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl TodoPatch {
    /// Checks every field.
    ///
    /// # Errors
    /// 422 that points at each refused field.
    pub(crate) fn parse(self) -> Result<Changes, Problem> {
        let title = match self.title {
            None => Ok(None),
            Some(None) => Err(required("/title")),
            Some(Some(title)) => Title::parse(title).map(Some).map_err(|why| why.in_body("/title")),
        };
        let order = self.order.map(parse_order).transpose();
        match (title, order) {
            (Ok(title), Ok(order)) => Ok(Changes {
                title: title.map(|title| title.as_str().to_owned()),
                completed: self.completed.map(Option::unwrap_or_default),
                sort_order: order.map(|order| order.map(Order::number)),
                category_id: self.category_id,
            }),
            (title, order) => {
                Err(Problem::invalid(title.err().into_iter().chain(order.err()).collect()))
            }
        }
    }
}

fn parse_order(order: Option<i64>) -> Result<Option<Order>, InvalidField> {
    order.map(Order::parse).transpose().map_err(|why| why.in_body("/order"))
}

fn required(pointer: &str) -> InvalidField {
    InvalidField::body(pointer, "required", "This field is required.")
}

/// A category as it shall be: of POST, and of PUT.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCategory)]
pub(crate) struct CategoryInput {
    /// What you call it: 1 to 50 characters, once each.
    #[schema(min_length = 1, max_length = 50, example = "Home")]
    name: String,
}

impl CategoryInput {
    /// Checks the name.
    ///
    /// # Errors
    /// 422 that points at it.
    pub(crate) fn parse(&self) -> Result<CategoryName, Problem> {
        CategoryName::parse(&self.name).map_err(|why| Problem::invalid(vec![why.in_body("/name")]))
    }
}

/// Changes to a category, as a JSON merge patch (RFC 7396).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CategoryPatch)]
pub(crate) struct CategoryPatch {
    /// Another name; a category cannot be without.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 50, example = "Work")]
    name: Option<Option<String>>,
}

impl CategoryPatch {
    /// Checks the name; `None` when it stays.
    ///
    /// # Errors
    /// 422 that points at it.
    pub(crate) fn parse(self) -> Result<Option<CategoryName>, Problem> {
        match self.name {
            None => Ok(None),
            Some(None) => Err(Problem::invalid(vec![required("/name")])),
            Some(Some(name)) => CategoryInput { name }.parse().map(Some),
        }
    }
}

/// Parameters of the listing.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParameters {
    /// Only to-dos that are done, or only those that are not.
    completed: Option<bool>,
    /// Only to-dos in this category, by its id.
    #[param(value_type = Option<i64>)]
    category: Option<CategoryId>,
    /// To-dos on a page, 1 to 500; 100 when absent.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u16>,
    /// Where the page starts, from the `Link` header of the page before.
    cursor: Option<String>,
}

impl ListParameters {
    /// Checks every parameter.
    ///
    /// # Errors
    /// 422 for a limit out of range; 400 for a cursor that is not ours.
    pub(crate) fn parse(&self) -> Result<Listing, Problem> {
        Ok(Listing {
            filter: Filter { completed: self.completed, category: self.category },
            after: decode_cursor(self.cursor.as_deref())?,
            limit: Limit::parse(self.limit, DEFAULT_LIMIT, MOST_LIMIT)?,
        })
    }

    /// Whether this is a first page as most clients ask for it, which is what the cache keeps: three
    /// for each person, however a client varies its parameters.
    pub(crate) fn is_common(&self) -> bool {
        self.category.is_none() && self.limit.is_none() && self.cursor.is_none()
    }
}

/// Parameters of deleting many. Unknown ones are refused here above all: a mistyped filter would
/// delete everything.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ClearParameters {
    /// Only to-dos that are done, or only those that are not.
    completed: Option<bool>,
    /// Only to-dos in this category, by its id.
    #[param(value_type = Option<i64>)]
    category: Option<CategoryId>,
}

impl ClearParameters {
    /// Which to-dos.
    pub(crate) fn filter(&self) -> Filter {
        Filter { completed: self.completed, category: self.category }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(body: &str) -> Changes {
        serde_json::from_str::<TodoPatch>(body).unwrap().parse().unwrap()
    }

    #[test]
    fn absent_stays_and_null_removes() {
        let nothing = patch("{}");
        assert!(nothing.title.is_none() && nothing.completed.is_none());
        assert!(nothing.sort_order.is_none() && nothing.category_id.is_none());
        let emptied = patch(r#"{"completed":null,"order":null,"category_id":null}"#);
        assert_eq!(emptied.completed, Some(false));
        assert_eq!((emptied.sort_order, emptied.category_id), (Some(None), Some(None)));
        let set = patch(r#"{"title":"t","order":3,"category_id":7}"#);
        assert_eq!((set.sort_order, set.category_id), (Some(Some(3)), Some(Some(7))));
    }

    #[test]
    fn put_sets_every_column() {
        let input: TodoInput = serde_json::from_str(r#"{"title":"t"}"#).unwrap();
        let changes = Changes::from(input.parse().unwrap());
        assert_eq!(changes.title.as_deref(), Some("t"));
        assert_eq!(changes.completed, Some(false));
        assert_eq!((changes.sort_order, changes.category_id), (Some(None), Some(None)));
    }
}
