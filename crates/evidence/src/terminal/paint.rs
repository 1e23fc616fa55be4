//! The few styles that terminal output uses.

use anstyle::{AnsiColor, Effects, Style};

use crate::RungKind;

pub(crate) const BOLD: Style = Style::new().effects(Effects::BOLD);
pub(crate) const DIM: Style = Style::new().effects(Effects::DIMMED);
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
pub(super) const ACCENT: Style = AnsiColor::Cyan.on_default();
const OTHER: Style = AnsiColor::Blue.on_default();

/// The text in a style; `anstream` takes the codes out where nobody wants them.
pub(crate) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// The colour of a rung.
pub(super) fn of(kind: Option<RungKind>) -> Style {
    match kind {
        None => Style::new(),
        Some(RungKind::Wrong) => BAD,
        Some(RungKind::Tempting) => WARN,
        Some(RungKind::Right) => GOOD,
        Some(RungKind::Costly) => OTHER,
    }
}
