//! README text as HTML: ids for headings, tables that scroll, links that lead somewhere here.
//!
//! The READMEs are ours, yet raw HTML is cut down to what they use, so that a page holds nothing
//! this file does not know of.

mod table;

use std::collections::BTreeMap;

use evidence::Answer;
use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd, html::push_html};

use super::highlight::{Language, highlight};
use super::words;
use crate::answers::ANSWERS;
use table::Table;

/// What a text needs to know about the page it stands on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'page> {
    /// Whose README it is.
    pub(super) answer: &'page Answer,
    /// Where and when the quoted numbers were measured.
    pub(super) stamp: &'page str,
    /// Paths of files that this page shows an item of.
    pub(super) shown: &'page [String],
    /// Claims of the recorded run.
    pub(super) checks: &'page Checks,
}

/// Whether each claim of a run held, and the claim, by its id.
pub(super) type Checks = BTreeMap<String, (bool, String)>;

/// Tags that may stand in a README as they are.
const TAGS: [&str; 6] = ["<details>", "</details>", "<summary>", "</summary>", "<br>", "<kbd>"];

/// Renders blocks of Markdown.
pub(super) fn blocks(text: &str, context: Context<'_>) -> Markup {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let text = with_value_signs(text);
    let mut writer = Writer { context, links: Vec::new(), code: None, heading: None, table: None };
    let events: Vec<Event<'_>> =
        Parser::new_ext(&text, options).flat_map(|event| writer.translate(event)).collect();
    let mut out = String::with_capacity(text.len() * 2);
    push_html(&mut out, events.into_iter());
    let title = format!("measured on {}", context.stamp);
    let value = opening(&html! { span.measured title=(title) {} });
    PreEscaped(out.replace(VALUE_BEGIN, &value).replace(VALUE_END, "</span>"))
}

/// Letters for private use, which no text of ours holds.
const VALUE_BEGIN: char = '\u{e000}';
const VALUE_END: char = '\u{e001}';

/// Replaces the marks around measured values by single letters: a line that begins with a comment
/// would end its paragraph.
fn with_value_signs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<!-- v:") {
        let Some((_, after)) = after.split_once("-->") else { break };
        out.push_str(before);
        out.push(VALUE_BEGIN);
        rest = after;
    }
    out.push_str(rest);
    out.replace("<!-- /v -->", VALUE_END.encode_utf8(&mut [0; 4]))
}

/// Renders one line of Markdown without a paragraph around it.
pub(super) fn inline(text: &str, context: Context<'_>) -> Markup {
    let html = blocks(text, context).0;
    let line = html.trim().trim_start_matches("<p>").trim_end_matches("</p>");
    PreEscaped(line.to_owned())
}

/// Translates the parser's events one by one.
struct Writer<'page> {
    context: Context<'page>,
    /// For each open link, whether it became one here.
    links: Vec<bool>,
    /// Language and text of the code block that is open.
    code: Option<(Language, String)>,
    /// Text of the heading that is open.
    heading: Option<(pulldown_cmark::HeadingLevel, String)>,
    /// The table that is open.
    table: Option<Table>,
}

impl Writer<'_> {
    fn translate<'text>(&mut self, event: Event<'text>) -> Vec<Event<'text>> {
        if let Some(tag) = self.table.as_mut().and_then(|table| table.tag(&event)) {
            self.table.take_if(|_| matches!(event, Event::End(TagEnd::Table)));
            return vec![raw(tag)];
        }
        match event {
            Event::Html(html) | Event::InlineHtml(html) => vec![raw(allowed(&html))],
            Event::Start(Tag::CodeBlock(kind)) => {
                let name = match &kind {
                    CodeBlockKind::Fenced(name) => name.as_ref(),
                    CodeBlockKind::Indented => "",
                };
                self.code = Some((Language::of(name), String::new()));
                Vec::new()
            }
            Event::End(TagEnd::CodeBlock) => self.code_block(),
            Event::Text(text) if self.code.is_some() => {
                self.code.iter_mut().for_each(|(_, code)| code.push_str(&text));
                Vec::new()
            }
            Event::Start(Tag::Heading { level, .. }) => {
                self.heading = Some((level, String::new()));
                Vec::new()
            }
            Event::End(TagEnd::Heading(_)) => self.heading_block(),
            Event::Text(text) | Event::Code(text) if self.heading.is_some() => {
                self.heading.iter_mut().for_each(|(_, heading)| heading.push_str(&text));
                Vec::new()
            }
            Event::Code(text) => vec![self.code_span(text)],
            Event::Start(Tag::Table(alignments)) => {
                self.table = Some(Table::new(&alignments));
                vec![raw(r#"<div class="scroll" tabindex="0"><table class="stack">"#.to_owned())]
            }
            Event::Start(Tag::Link { dest_url, .. }) => vec![raw(self.open_link(&dest_url))],
            Event::End(TagEnd::Link) => {
                let is_link = self.links.pop().unwrap_or(false);
                vec![raw(if is_link { "</a>" } else { "</span>" }.to_owned())]
            }
            other => vec![other],
        }
    }

    /// A check is read as the words of its id, with the verdict of the recorded run.
    fn code_span<'text>(&self, text: CowStr<'text>) -> Event<'text> {
        let Some(id) = text.strip_prefix("check:") else { return Event::Code(text) };
        let (class, mark, claim) = match self.context.checks.get(id) {
            Some((true, claim)) => ("held", "✓", claim.as_str()),
            Some((false, claim)) => ("broken", "✗", claim.as_str()),
            None => ("open", "○", "not recorded yet"),
        };
        raw(html! { span class={ "cited " (class) } title=(claim) { span.mark { (mark) } " " (words::of_id(id)) } }.0)
    }

    fn code_block<'text>(&mut self) -> Vec<Event<'text>> {
        let Some((language, code)) = self.code.take() else { return Vec::new() };
        let block = html! {
            pre.code tabindex="0" { code { (highlight(language, code.trim_end())) } }
        };
        vec![raw(block.0)]
    }

    fn heading_block<'text>(&mut self) -> Vec<Event<'text>> {
        let Some((level, text)) = self.heading.take() else { return Vec::new() };
        let block = html! { (PreEscaped(format!("<{level} id=\"{}\">", slug(&text)))) (text) };
        vec![raw(format!("{}</{level}>\n", block.0))]
    }

    fn open_link(&mut self, address: &str) -> String {
        let resolved = self.resolve(address);
        self.links.push(resolved.is_some());
        match resolved {
            Some(address) => opening(&html! { a href=(address) rel="noreferrer" {} }),
            None => {
                let path = in_repository(self.context.answer, address);
                opening(&html! { span.path title=(path) {} })
            }
        }
    }

    /// Where a link of the README leads on these pages, if anywhere.
    fn resolve(&self, address: &str) -> Option<String> {
        if address.starts_with("https://") || address.starts_with("http://") {
            return Some(address.to_owned());
        }
        if address.starts_with('#') {
            return Some(address.to_owned());
        }
        if self.context.shown.iter().any(|path| path == address) {
            return Some(format!("#{}", file_anchor(address)));
        }
        let folder = address.strip_prefix("../")?.split('/').next()?;
        let neighbour =
            ANSWERS.iter().find(|one| format!("{:02}-{}", one.number, one.slug) == folder);
        neighbour.map(|answer| format!("/answers/{}", answer.slug))
    }
}

/// The allowed tags of a piece of HTML and its text, escaped; everything else is left out.
fn allowed(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        out.push_str(&html! { (rest[..start]) }.0);
        rest = &rest[start..];
        let end = if rest.starts_with("<!--") { "-->" } else { ">" };
        let length = rest.find(end).map_or(rest.len(), |at| at + end.len());
        let (tag, after) = rest.split_at(length);
        out.push_str(if TAGS.contains(&tag) { tag } else { "" });
        rest = after;
    }
    out + &html! { (rest) }.0
}

/// The opening tag of an empty element.
fn opening(element: &Markup) -> String {
    let end = element.0.rfind("</").unwrap_or(element.0.len());
    element.0[..end].to_owned()
}

fn raw<'text>(html: String) -> Event<'text> {
    Event::Html(CowStr::from(html))
}

/// The path of a file from the root of the repository.
fn in_repository(answer: &Answer, path: &str) -> String {
    let mut parts = vec![
        "crates".to_owned(),
        "answers".to_owned(),
        format!("{:02}-{}", answer.number, answer.slug),
    ];
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            part => parts.push(part.to_owned()),
        }
    }
    parts.join("/")
}

/// Id of the place where an item of this file is shown.
pub(super) fn file_anchor(path: &str) -> String {
    format!("file-{}", slug(path))
}

/// Letters and digits of a text, joined by hyphens.
pub(super) fn slug(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-").to_lowercase()
}

#[cfg(test)]
mod tests;
