//! One store, two representations. What they share stands once; what broke is the type of `author`:
//! a name in version 1, where two people of one name are one, an object in version 2.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::comments::Comment;
use crate::store::posts::{Post, Summary};
use crate::store::relations::Author;

/// A version of the API: where it is, and how it shows what the store has.
pub(crate) trait Version: 'static {
    /// What its paths begin with.
    const PREFIX: &'static str;
    /// Names its creations to [`foundation::idempotency`], as the stored responses differ.
    const CREATE_POST: &'static str;
    /// As [`Version::CREATE_POST`].
    const CREATE_COMMENT: &'static str;
    /// A post of a list.
    type Summary: Serialize;
    /// A post.
    type Post: Serialize;
    /// A comment.
    type Comment: Serialize;

    fn summary(summary: Summary) -> Self::Summary;
    fn post(post: Post) -> Self::Post;
    fn comment(comment: Comment) -> Self::Comment;

    /// Where a post is.
    fn path(slug: &str) -> String {
        format!("{}/posts/{slug}", Self::PREFIX)
    }
}

/// The first version, deprecated.
pub(crate) struct V1;

/// The second.
pub(crate) struct V2;

/// A post of a list, without its author.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BlogSummaryMembers {
    /// Identifies it.
    #[schema(example = 17)]
    id: i64,
    /// Where it is: follow it instead of building it.
    #[schema(example = "/api/v2/posts/pages-that-stay-in-place")]
    url: String,
    /// What it is called.
    #[schema(example = "Pages that stay in place")]
    title: String,
    /// In order of the alphabet.
    #[schema(example = json!(["postgres"]))]
    tags: Vec<String>,
    /// When it was published, which an edit leaves; `null` while it is a draft.
    published_at: Option<DateTime<Utc>>,
    /// How many comments there are.
    comments: i32,
}

/// A post, without its author. The comments are not counted here: each would make another version
/// of the post, and each edit a 412.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BlogPostMembers {
    /// Identifies it.
    #[schema(example = 17)]
    id: i64,
    /// Where it is.
    #[schema(example = "/api/v2/posts/pages-that-stay-in-place")]
    url: String,
    /// What it is called.
    #[schema(example = "Pages that stay in place")]
    title: String,
    /// What it says.
    #[schema(example = "OFFSET counts rows, and rows move.")]
    body: String,
    /// In order of the alphabet.
    #[schema(example = json!(["postgres"]))]
    tags: Vec<String>,
    /// When it was published, which an edit leaves; `null` while it is a draft.
    published_at: Option<DateTime<Utc>>,
}

/// A comment, without its author.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BlogCommentMembers {
    /// Identifies it below its post.
    #[schema(example = 4)]
    id: i64,
    /// What was said.
    #[schema(example = "Well said.")]
    body: String,
    /// When.
    created_at: DateTime<Utc>,
}

/// Who wrote something.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BlogAuthor)]
pub(crate) struct AuthorBody {
    /// The account, for `?author=`.
    #[schema(example = 3)]
    id: i64,
    /// What it is called.
    #[schema(example = "Ada")]
    name: String,
}

impl From<Author> for AuthorBody {
    fn from(Author { id, name }: Author) -> Self {
        Self { id, name }
    }
}

/// A post of a list of version 1.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BlogSummaryV1)]
pub(crate) struct SummaryV1 {
    /// What the author is called.
    #[schema(example = "Ada")]
    author: String,
    #[serde(flatten)]
    members: BlogSummaryMembers,
}

/// A post of version 1.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BlogPostV1)]
pub(crate) struct PostV1 {
    /// What the author is called.
    #[schema(example = "Ada")]
    author: String,
    #[serde(flatten)]
    members: BlogPostMembers,
}

/// A comment of version 1.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BlogCommentV1)]
pub(crate) struct CommentV1 {
    /// What its author is called.
    #[schema(example = "Grace")]
    author: String,
    #[serde(flatten)]
    members: BlogCommentMembers,
}

/// A post of a list of version 2.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BlogSummaryV2)]
pub(crate) struct SummaryV2 {
    author: AuthorBody,
    #[serde(flatten)]
    members: BlogSummaryMembers,
}

/// A post of version 2.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BlogPostV2)]
pub(crate) struct PostV2 {
    author: AuthorBody,
    #[serde(flatten)]
    members: BlogPostMembers,
}

/// A comment of version 2.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BlogCommentV2)]
pub(crate) struct CommentV2 {
    author: AuthorBody,
    #[serde(flatten)]
    members: BlogCommentMembers,
}

impl Version for V1 {
    const PREFIX: &'static str = "/api/v1";
    const CREATE_POST: &'static str = "POST /api/v1/posts";
    const CREATE_COMMENT: &'static str = "POST /api/v1/posts/{slug}/comments";
    type Summary = SummaryV1;
    type Post = PostV1;
    type Comment = CommentV1;

    fn summary(summary: Summary) -> SummaryV1 {
        let (author, members) = split_summary::<Self>(summary);
        SummaryV1 { author: author.name, members }
    }

    fn post(post: Post) -> PostV1 {
        let (author, members) = split_post::<Self>(post);
        PostV1 { author: author.name, members }
    }

    fn comment(comment: Comment) -> CommentV1 {
        let (author, members) = split_comment(comment);
        CommentV1 { author: author.name, members }
    }
}

impl Version for V2 {
    const PREFIX: &'static str = "/api/v2";
    const CREATE_POST: &'static str = "POST /api/v2/posts";
    const CREATE_COMMENT: &'static str = "POST /api/v2/posts/{slug}/comments";
    type Summary = SummaryV2;
    type Post = PostV2;
    type Comment = CommentV2;

    fn summary(summary: Summary) -> SummaryV2 {
        let (author, members) = split_summary::<Self>(summary);
        SummaryV2 { author: author.into(), members }
    }

    fn post(post: Post) -> PostV2 {
        let (author, members) = split_post::<Self>(post);
        PostV2 { author: author.into(), members }
    }

    fn comment(comment: Comment) -> CommentV2 {
        let (author, members) = split_comment(comment);
        CommentV2 { author: author.into(), members }
    }
}

fn split_summary<V: Version>(summary: Summary) -> (Author, BlogSummaryMembers) {
    let Summary { id, slug, title, author, tags, published_at, comments, version: _ } = summary;
    let url = V::path(&slug);
    (author, BlogSummaryMembers { id, url, title, tags, published_at, comments })
}

fn split_post<V: Version>(post: Post) -> (Author, BlogPostMembers) {
    let Post { summary: Summary { id, slug, title, author, tags, published_at, .. }, body } = post;
    let url = V::path(&slug);
    (author, BlogPostMembers { id, url, title, body, tags, published_at })
}

fn split_comment(comment: Comment) -> (Author, BlogCommentMembers) {
    let Comment { id, author, body, created_at } = comment;
    (author, BlogCommentMembers { id, body, created_at })
}
