//! How much of an answer has to be read: the files that its `lib.rs` names first, in lines of code.

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Lines that somebody reads beside a README in twenty minutes.
pub const MOST: usize = 350;

/// `lib.rs`, and the files that its documentation names between "Read" and the next semicolon.
#[must_use]
pub fn path(lib: &str) -> Vec<String> {
    let documentation = lib.lines().filter_map(|line| line.strip_prefix("//!"));
    let documentation = documentation.collect::<Vec<&str>>().join(" ");
    let order = documentation.split_once("Read `").map_or("", |(_, order)| order);
    let first = order.split(';').next().unwrap_or_default();
    let names = first.split('`').step_by(2).filter(|name| name.ends_with(".rs"));
    std::iter::once("lib.rs").chain(names).map(str::to_owned).collect()
}

/// Lines of code of the whole path below the `src` folder of an answer.
///
/// # Errors
/// When a file of it cannot be read or is no Rust.
pub fn length(src: &Path) -> io::Result<usize> {
    let lib = fs::read_to_string(src.join("lib.rs"))?;
    let mut sum = 0;
    for file in path(&lib) {
        let text = fs::read_to_string(src.join(&file))?;
        let tokens = text.parse().map_err(|error| io::Error::other(format!("{file}: {error}")))?;
        sum += code_lines(tokens);
    }
    Ok(sum)
}

/// Lines with code to follow: not comments, attributes, imports, names of modules, or tests.
#[must_use]
pub fn code_lines(file: TokenStream) -> usize {
    let mut lines = BTreeSet::new();
    let mut item: Vec<TokenTree> = Vec::new();
    for token in file {
        let brings_in = item.iter().any(|it| is_word(it, "use"));
        let ends = match &token {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace && !brings_in,
            _ => false,
        };
        item.push(token);
        if ends {
            add(std::mem::take(&mut item), &mut lines);
        }
    }
    lines.len()
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

fn add(item: Vec<TokenTree>, lines: &mut BTreeSet<usize>) {
    let names = |token: &TokenTree| is_word(token, "use") || is_word(token, "mod");
    if !item.iter().any(names) {
        add_tokens(item.into_iter().collect(), lines);
    }
}

/// Every line that a token stands on, from its first to its last, without attributes.
fn add_tokens(tokens: TokenStream, lines: &mut BTreeSet<usize>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let starts = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '#');
        let is_list = |next: &TokenTree| matches!(next, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket);
        if starts && tokens.next_if(is_list).is_some() {
            continue;
        }
        let span = token.span();
        if let TokenTree::Group(group) = token {
            lines.extend([group.span_open().start().line, group.span_close().end().line]);
            add_tokens(group.stream(), lines);
        } else {
            lines.extend(span.start().line..=span.end().line);
        }
    }
}
