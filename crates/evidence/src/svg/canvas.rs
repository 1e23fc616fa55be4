//! SVG elements as text.

use std::fmt::Write;

use super::{WIDTH, style};

/// Which end of a text its coordinates name.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// Collects elements; the height is known only when everything is drawn.
pub(super) struct Canvas {
    prefix: String,
    body: String,
}

impl Canvas {
    pub(super) fn new(prefix: String) -> Self {
        Self { prefix, body: String::new() }
    }

    pub(super) fn text(&mut self, x: f64, y: f64, class: &str, anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let text = escape(text);
        self.push(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\"{anchor}>{text}</text>"
        ));
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.push(format_args!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" class=\"{class}\"/>"
        ));
    }

    /// A rectangle; `pattern` names one of [`style::patterns`], where there is one.
    pub(super) fn bar(
        &mut self,
        (x, y): (f64, f64),
        (width, height): (f64, f64),
        class: &str,
        pattern: Option<&str>,
    ) {
        let fill = pattern.map_or_else(String::new, |name| {
            format!(" style=\"fill:url(#{}-{name})\"", self.prefix)
        });
        let (width, height) = (width.max(0.0), height.max(0.0));
        self.push(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"1.5\" class=\"{class}\"{fill}/>"
        ));
    }

    /// Moves everything drawn from here on down by `shift`.
    pub(super) fn open_shifted(&mut self, shift: f64) {
        self.push(format_args!("<g transform=\"translate(0 {shift:.0})\">"));
    }

    pub(super) fn path(&mut self, data: &str, class: &str) {
        self.push(format_args!("<path d=\"{data}\" class=\"{class}\"/>"));
    }

    pub(super) fn finish(self, height: f64, title: &str, description: &str) -> String {
        let Self { prefix, body } = self;
        let (title, description) = (escape(title), escape(description));
        let style = style::sheet();
        let patterns = style::patterns(&prefix);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"evidence-chart\" \
             viewBox=\"0 0 {WIDTH:.0} {height:.0}\" width=\"100%\" role=\"img\" \
             aria-labelledby=\"{prefix}-title {prefix}-desc\">\n\
             <title id=\"{prefix}-title\">{title}</title>\n\
             <desc id=\"{prefix}-desc\">{description}</desc>\n\
             <style>{style}</style>\n<defs>{patterns}</defs>\n{body}</g>\n</svg>\n"
        )
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.body, "{element}");
    }
}

/// Text as XML takes it: markup escaped, and control characters, which XML 1.0 forbids, dropped.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {}
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}
