//! Small changes to words on their way to a page.

use maud::{Markup, html};

/// With a capital at the beginning.
pub(super) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(letters.as_str().chars()).collect()
}

/// The words of an id, such as `keyset reads one page` for `keyset-reads-one-page`.
pub(super) fn of_id(id: &str) -> String {
    id.replace(['-', '_'], " ")
}

/// What a slug is called where the whole question is too long, such as `Todo API`.
pub(super) fn short_name(slug: &str) -> String {
    capitalised(&of_id(slug).replace(" api", " API"))
}

/// Text with what stands between backticks set as code; demos write for the terminal, too.
pub(super) fn with_code(text: &str) -> Markup {
    let parts: Vec<&str> = text.split('`').collect();
    // Without its partner a backtick is only a sign.
    if parts.len().is_multiple_of(2) {
        return html! { (text) };
    }
    html! {
        @for (index, part) in parts.iter().enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_slugs_are_read_as_words() {
        assert_eq!(of_id("keyset-reads-one_page"), "keyset reads one page");
        assert_eq!(short_name("todo-api"), "Todo API");
        assert_eq!(short_name("log-partitions"), "Log partitions");
        assert_eq!(capitalised(""), "");
    }

    #[test]
    fn code_stands_between_two_backticks() {
        let cases = [
            ("plain <b>", "plain &lt;b&gt;"),
            ("`off notes`, then `x`", "<code>off notes</code>, then <code>x</code>"),
            ("one ` alone", "one ` alone"),
        ];
        for (text, expected) in cases {
            assert_eq!(with_code(text).0, expected);
        }
    }
}
