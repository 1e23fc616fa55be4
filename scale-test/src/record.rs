//! Writes the figures of a run into `docs/scaling.md`, between its markers.

use std::fs;

use evidence::Machine;

use crate::Outcome;
use crate::report::Report;
use crate::run::Run;
use crate::steps::Step;

const DOCUMENT: &str = "docs/scaling.md";

/// Replaces the tables of these steps, the values that prose quotes, and the stamp.
pub(crate) fn write(run: &Run, report: &Report, steps: &[Step]) -> Outcome<()> {
    let path = run.file(DOCUMENT);
    let mut text = fs::read_to_string(&path)?;
    let machine = Machine::here().line();
    for step in steps {
        let stamped = format!("\n{}\n{machine}\n", report.markdown(step.name()));
        text = filled(&text, &format!("scale:{}", step.name()), "scale", &stamped)?;
    }
    for row in report.rows() {
        let value = format!("v:{}.{}", row.step, row.id);
        if text.contains(&marker(&value)) {
            text = filled(&text, &value, "v", &row.figure)?;
        }
    }
    fs::write(&path, text)?;
    eprintln!("written: {DOCUMENT}");
    Ok(())
}

fn marker(name: &str) -> String {
    format!("<!-- {name} -->")
}

/// The text with everything between `<!-- name -->` and the next `<!-- /end -->` replaced.
fn filled(text: &str, name: &str, end: &str, with: &str) -> Outcome<String> {
    let (begin, end) = (marker(name), format!("<!-- /{end} -->"));
    let mut parts = text.split(&begin);
    let mut written = parts.next().unwrap_or_default().to_owned();
    let mut found = false;
    for part in parts {
        let (_, rest) = part.split_once(&end).ok_or_else(|| format!("{begin} has no {end}"))?;
        written.push_str(&format!("{begin}{with}{end}{rest}"));
        found = true;
    }
    if found { Ok(written) } else { Err(format!("{DOCUMENT} has no {begin}").into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_markers_is_replaced() {
        let text =
            "a <!-- v:x.y -->1<!-- /v --> b <!-- v:x.y -->1<!-- /v --> <!-- v:z -->3<!-- /v -->";
        let filled = filled(text, "v:x.y", "v", "2").unwrap_or_default();
        let expected =
            "a <!-- v:x.y -->2<!-- /v --> b <!-- v:x.y -->2<!-- /v --> <!-- v:z -->3<!-- /v -->";
        assert_eq!(filled, expected);
    }

    #[test]
    fn a_marker_that_is_missing_or_open_is_an_error() {
        assert!(filled("text", "v:x.y", "v", "2").is_err());
        assert!(filled("<!-- v:x.y -->1", "v:x.y", "v", "2").is_err());
    }
}
