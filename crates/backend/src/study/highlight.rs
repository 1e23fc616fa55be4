//! Source text with its tokens marked by class, so that one style sheet colours both themes.

use std::ops::Range;

use maud::{Markup, PreEscaped, html};
use ra_ap_rustc_lexer::{FrontmatterAllowed, LiteralKind, Token, TokenKind, tokenize};

/// A language that is marked up; everything else stays plain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Rust,
    Sql,
    Plain,
}

impl Language {
    /// By the name of a code fence or the extension of a file.
    pub(super) fn of(name: &str) -> Self {
        match name.rsplit(['.', '/']).next().unwrap_or(name) {
            "rs" | "rust" => Self::Rust,
            "sql" => Self::Sql,
            _ => Self::Plain,
        }
    }
}

/// Keywords of Rust 2024 that a reader meets.
const RUST_KEYWORDS: &[&str] = &[
    "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern",
    "false", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub",
    "ref", "return", "self", "Self", "static", "struct", "super", "trait", "true", "type",
    "unsafe", "use", "where", "while",
];

/// Words of SQL that carry the structure of a statement.
const SQL_KEYWORDS: &[&str] = &[
    "ADD",
    "ALL",
    "ALTER",
    "ANALYZE",
    "AND",
    "AS",
    "ASC",
    "ATTACH",
    "BEGIN",
    "BETWEEN",
    "BRIN",
    "BTREE",
    "BUFFERS",
    "BY",
    "CASE",
    "CHECK",
    "COMMIT",
    "CONFLICT",
    "CONSTRAINT",
    "COPY",
    "COUNT",
    "CREATE",
    "DEFAULT",
    "DELETE",
    "DESC",
    "DETACH",
    "DISTINCT",
    "DO",
    "DROP",
    "ELSE",
    "END",
    "EXISTS",
    "EXPLAIN",
    "FOR",
    "FOREIGN",
    "FROM",
    "GROUP",
    "HASH",
    "HAVING",
    "IF",
    "IN",
    "INDEX",
    "INSERT",
    "INTO",
    "IS",
    "JOIN",
    "KEY",
    "LEFT",
    "LIKE",
    "LIMIT",
    "LIST",
    "NOT",
    "NOTHING",
    "NULL",
    "OF",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "PARTITION",
    "PRIMARY",
    "RANGE",
    "REFERENCES",
    "RETURNING",
    "ROLLBACK",
    "SELECT",
    "SET",
    "SHARE",
    "TABLE",
    "THEN",
    "TO",
    "TRUNCATE",
    "UNION",
    "UNIQUE",
    "UPDATE",
    "USING",
    "VACUUM",
    "VALUES",
    "VIEW",
    "WHEN",
    "WHERE",
    "WITH",
];

/// Marks up `text`; the result goes into `<pre><code>`.
pub(super) fn highlight(language: Language, text: &str) -> Markup {
    match language {
        Language::Rust => rust(text),
        Language::Sql => sql(text),
        Language::Plain => html! { (text) },
    }
}

fn mark(out: &mut String, class: Option<&str>, text: &str) {
    let marked = match class {
        Some(class) => html! { span class=(class) { (text) } },
        None => html! { (text) },
    };
    out.push_str(&marked.0);
}

fn rust(text: &str) -> Markup {
    let tokens: Vec<(Token, Range<usize>)> = tokenize(text, FrontmatterAllowed::No)
        .scan(0, |at, token| {
            let range = *at..*at + token.len as usize;
            *at = range.end;
            Some((token, range))
        })
        .collect();
    let mut out = String::with_capacity(text.len() * 3);
    for (index, (token, range)) in tokens.iter().enumerate() {
        let word = &text[range.clone()];
        let next = tokens.get(index + 1).map(|(token, _)| &token.kind);
        mark(&mut out, rust_class(&token.kind, word, next), word);
    }
    PreEscaped(out)
}

fn rust_class(kind: &TokenKind, word: &str, next: Option<&TokenKind>) -> Option<&'static str> {
    match kind {
        TokenKind::LineComment { doc_style: Some(_) }
        | TokenKind::BlockComment { doc_style: Some(_), .. } => Some("d"),
        TokenKind::LineComment { .. } | TokenKind::BlockComment { .. } => Some("c"),
        TokenKind::Literal {
            kind: LiteralKind::Int { .. } | LiteralKind::Float { .. }, ..
        } => Some("n"),
        TokenKind::Literal { .. } => Some("s"),
        TokenKind::Lifetime { .. } => Some("l"),
        TokenKind::Pound => Some("a"),
        TokenKind::Ident if RUST_KEYWORDS.contains(&word) => Some("k"),
        TokenKind::Ident if word.starts_with(char::is_uppercase) => Some("t"),
        TokenKind::Ident if matches!(next, Some(TokenKind::OpenParen | TokenKind::Bang)) => {
            Some("f")
        }
        _ => None,
    }
}

fn sql(text: &str) -> Markup {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while !rest.is_empty() {
        let (length, class) = sql_token(rest);
        let (word, after) = rest.split_at(length);
        mark(&mut out, class, word);
        rest = after;
    }
    PreEscaped(out)
}

/// Length and class of the token that `text`, which is not empty, begins with.
fn sql_token(text: &str) -> (usize, Option<&'static str>) {
    let until = |end: fn(char) -> bool| text.find(end).unwrap_or(text.len());
    let first = text.chars().next().unwrap_or(' ');
    if text.starts_with("--") {
        return (until(|letter| letter == '\n'), Some("c"));
    }
    if first == '\'' {
        let end = text[1..].find('\'').map_or(text.len(), |end| end + 2);
        return (end, Some("s"));
    }
    if first.is_ascii_digit() {
        return (until(|letter| !letter.is_ascii_digit() && letter != '.'), Some("n"));
    }
    if first.is_alphabetic() || first == '_' {
        let length = until(|letter| !letter.is_alphanumeric() && letter != '_');
        let keyword = SQL_KEYWORDS.contains(&text[..length].to_uppercase().as_str());
        return (length, keyword.then_some("k"));
    }
    (first.len_utf8(), None)
}

/// Takes away the indentation that all lines share.
pub(super) fn dedent(text: &str) -> String {
    let blank = |line: &&str| !line.trim().is_empty();
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let shared = text.lines().filter(blank).map(indent).min().unwrap_or(0);
    let lines: Vec<&str> = text.lines().map(|line| line.get(shared..).unwrap_or("")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests;
