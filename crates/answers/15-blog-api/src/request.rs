//! What clients send, the same in both versions, and how it becomes what may be stored or asked.

use auth::UserId;
use chrono::{DateTime, Datelike, Utc};
use error_handling::{InvalidField, Problem};
use foundation::paging::{DEFAULT_LIMIT, Limit, MOST_LIMIT, decode_cursor};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::model::{Body, CommentText, MOST_TAGS, Tag, Title};

/// A post as it shall be: of POST, and of PUT, which replaces with it all there was.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPost)]
pub(crate) struct PostInput {
    /// What it is called: 1 to 200 characters, on one line.
    #[schema(min_length = 1, max_length = 200, example = "Pages that stay in place")]
    title: String,
    /// What it says: 1 to 50 000 characters.
    #[schema(min_length = 1, max_length = 50_000, example = "OFFSET counts rows, and rows move.")]
    body: String,
    /// At most five: letters, digits and single hyphens, 30 at most; lower case in the answer.
    #[serde(default)]
    #[schema(max_items = 5, example = json!(["postgres"]))]
    tags: Vec<String>,
    /// Whether everybody may read it. A draft, which its author alone can read, when absent.
    #[serde(default)]
    published: bool,
}

/// A checked post.
#[derive(Clone, Debug)]
pub struct NewPost {
    /// What it is called.
    pub title: Title,
    /// What it says.
    pub body: Body,
    /// In order of the alphabet, each once.
    pub tags: Vec<Tag>,
    /// Whether everybody may read it.
    pub published: bool,
}

impl PostInput {
    /// Checks every field.
    ///
    /// # Errors
    /// 422 that points at each refused field.
    pub(crate) fn parse(self) -> Result<NewPost, Problem> {
        let title = Title::parse(self.title).map_err(|why| why.in_body("/title"));
        let body = Body::parse(self.body).map_err(|why| why.in_body("/body"));
        match (title, body, parse_tags(&self.tags)) {
            (Ok(title), Ok(body), Ok(tags)) => {
                Ok(NewPost { title, body, tags, published: self.published })
            }
            (title, body, tags) => {
                let refused = title.err().into_iter().chain(body.err());
                Err(Problem::invalid(refused.chain(tags.err().unwrap_or_default()).collect()))
            }
        }
    }
}

fn parse_tags(texts: &[String]) -> Result<Vec<Tag>, Vec<InvalidField>> {
    if texts.len() > MOST_TAGS {
        return Err(vec![InvalidField::body("/tags", "too_many", "At most five tags.")]);
    }
    let (mut tags, mut refused) = (Vec::new(), Vec::new());
    for (index, text) in texts.iter().enumerate() {
        match Tag::parse(text) {
            Ok(tag) => tags.push(tag),
            Err(why) => refused.push(why.in_body(&format!("/tags/{index}"))),
        }
    }
    tags.sort();
    tags.dedup();
    if refused.is_empty() { Ok(tags) } else { Err(refused) }
}

/// What a reader says below a post.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewComment)]
pub(crate) struct CommentInput {
    /// 1 to 2 000 characters.
    #[schema(min_length = 1, max_length = 2_000, example = "Well said.")]
    body: String,
}

impl CommentInput {
    /// Checks the text.
    ///
    /// # Errors
    /// 422 for a text that is empty, too long or has control characters.
    pub(crate) fn parse(self) -> Result<CommentText, Problem> {
        CommentText::parse(self.body).map_err(|why| Problem::invalid(vec![why.in_body("/body")]))
    }
}

/// A place in the listing. The time alone would not do: posts can share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "(i64, i64)", try_from = "(i64, i64)")]
pub struct Position {
    /// When the post was published.
    pub published_at: DateTime<Utc>,
    /// Its id.
    pub id: i64,
}

impl From<Position> for (i64, i64) {
    fn from(position: Position) -> Self {
        (position.published_at.timestamp_micros(), position.id)
    }
}

impl TryFrom<(i64, i64)> for Position {
    type Error = &'static str;

    /// A time that PostgreSQL does not have came in no cursor of ours.
    fn try_from((micros, id): (i64, i64)) -> Result<Self, Self::Error> {
        let time = DateTime::from_timestamp_micros(micros);
        let published_at =
            time.filter(|time| (1..10_000).contains(&time.year())).ok_or("no such time")?;
        Ok(Self { published_at, id })
    }
}

/// A page of published posts, newest first.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Only those with this tag.
    pub tag: Option<Tag>,
    /// Only those of this author.
    pub author: Option<UserId>,
    /// The last one of the page before.
    pub after: Option<Position>,
    /// How many.
    pub limit: Limit,
}

/// Parameters of the listing of posts.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParameters {
    /// Only posts with this tag.
    #[param(example = "postgres")]
    tag: Option<String>,
    /// Only posts of this author, by the id of the account.
    author: Option<i64>,
    /// Posts on a page, 1 to 100; 20 when absent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u16>,
    /// Where the page starts, from the `Link` header of the page before.
    cursor: Option<String>,
}

impl ListParameters {
    /// Checks every parameter.
    ///
    /// # Errors
    /// 422 for a limit out of range and for what is no tag; 400 for a cursor that is not ours.
    pub(crate) fn parse(&self) -> Result<Listing, Problem> {
        let tag = self.tag.as_deref().map(Tag::parse).transpose();
        Ok(Listing {
            tag: tag.map_err(|why| Problem::invalid(vec![why.in_parameter("tag")]))?,
            author: self.author.map(UserId::from),
            after: decode_cursor(self.cursor.as_deref())?,
            limit: Limit::parse(self.limit, DEFAULT_LIMIT, MOST_LIMIT)?,
        })
    }

    /// Whether this is the first page as most clients ask for it. It is the one list that is cached:
    /// there are as many others as clients can think of.
    pub(crate) fn is_front_page(&self) -> bool {
        matches!(self, Self { tag: None, author: None, limit: None, cursor: None })
    }
}

#[cfg(test)]
mod tests {
    use error_handling::ProblemType;
    use foundation::paging::encode_cursor;

    use super::*;

    #[test]
    fn a_cursor_comes_back_exactly_and_one_with_an_impossible_time_is_refused() {
        let time = DateTime::from_timestamp_micros(1_795_478_400_123_456).unwrap();
        let position = Position { published_at: time, id: 7 };
        let cursor = encode_cursor(&position).unwrap();
        assert_eq!(decode_cursor(Some(&cursor)).unwrap(), Some(position));
        for micros in [i64::MIN, i64::MAX, -62_135_596_800_000_001, 253_402_300_800_000_000] {
            let cursor = encode_cursor(&(micros, 7_i64)).unwrap();
            let refused = decode_cursor::<Position>(Some(&cursor)).unwrap_err();
            assert_eq!(refused.kind(), ProblemType::Malformed, "{micros}");
        }
    }

    #[test]
    fn each_refused_field_is_named() {
        let input = |json: &str| serde_json::from_str::<PostInput>(json).unwrap().parse();
        let refused = input(r#"{"title":"","body":"b","tags":["ok","c++"]}"#).unwrap_err();
        let pointers: Vec<_> =
            refused.body().errors.into_iter().map(|field| field.pointer).collect();
        assert_eq!(pointers, [Some("#/title".to_owned()), Some("#/tags/1".to_owned())]);
        let good = input(r#"{"title":"t","body":"b","tags":["b","A","b"]}"#).unwrap();
        let tags: Vec<_> = good.tags.iter().map(Tag::as_str).collect();
        assert_eq!(tags, ["a", "b"], "each once, in order");
        assert!(!good.published, "a draft unless it is said otherwise");
    }
}
