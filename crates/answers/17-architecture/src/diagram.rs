//! The crates on their floors, as text and as a picture.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::floors::{Arrows, floor, without_implied};

/// Columns of a line of text.
const WIDTH: usize = 100;
/// Where the arrows of a line begin.
const INDENT: usize = 35;

/// A line for each crate, the highest floor first, with the crates it stands on directly.
#[must_use]
pub fn text(arrows: &Arrows) -> String {
    let mut text = String::new();
    for (floor, crates) in floors(&without_implied(arrows)).iter().rev() {
        for (name, targets) in crates {
            let mut line = format!("floor {floor}  {name:<23}");
            for (index, target) in targets.iter().enumerate() {
                let word = if index == 0 { "→ " } else { ", " };
                if line.chars().count() + word.len() + target.len() > WIDTH {
                    let _ = writeln!(text, "{line},");
                    line = format!("{:INDENT$}{target}", "");
                } else {
                    let _ = write!(line, "{word}{target}");
                }
            }
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    text
}

fn floors(arrows: &Arrows) -> BTreeMap<u8, Vec<(&String, &Vec<String>)>> {
    let mut floors: BTreeMap<u8, Vec<_>> = BTreeMap::new();
    for (name, targets) in arrows {
        floors.entry(floor(name)).or_default().push((name, targets));
    }
    floors
}

/// Boxes in a row of the picture.
const ACROSS: usize = 5;
const BOX: (usize, usize) = (156, 30);
/// From one box to the next, and from one row to the next.
const STEP: (usize, usize) = (176, 58);
/// Room for the number of the floor.
const LEFT: usize = 76;

/// Follows the reader's light or dark theme, as the charts do.
const STYLE: &str = "text{font:13px ui-sans-serif,system-ui,sans-serif;fill:#1f2328}\
.floor{fill:#59636e}rect{fill:#f6f8fa;stroke:#59636e}line{stroke:#1d4ed8;stroke-opacity:.45}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.floor{fill:#9198a1}\
rect{fill:#161b22;stroke:#9198a1}line{stroke:#6ea8fe}}";

/// The picture: a row or more for each floor, and a line for each arrow.
#[must_use]
pub fn svg(arrows: &Arrows) -> String {
    let reduced = without_implied(arrows);
    let (places, labels, height) = place(&reduced);
    let width = LEFT + ACROSS * STEP.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-label=\"Crates by floor; lines run to the crates below that each depends on\">\n\
         <style>{STYLE}</style>\n"
    );
    for (from, targets) in &reduced {
        for to in targets {
            if let (Some(from), Some(to)) = (places.get(from), places.get(to)) {
                let (x1, y1) = (from.0 + BOX.0 / 2, from.1 + BOX.1);
                let (x2, y2) = (to.0 + BOX.0 / 2, to.1);
                let _ = writeln!(svg, "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>");
            }
        }
    }
    for (y, floor) in labels {
        let _ =
            writeln!(svg, "<text class=\"floor\" x=\"8\" y=\"{}\">floor {floor}</text>", y + 20);
    }
    for (name, (x, y)) in &places {
        let (wide, high) = BOX;
        let (middle, line) = (x + wide / 2, y + 20);
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{high}\" rx=\"5\"/>\
             <text x=\"{middle}\" y=\"{line}\" text-anchor=\"middle\">{name}</text>"
        );
    }
    svg + "</svg>\n"
}

/// Where each box stands, where each floor begins, and the height of it all.
type Places = (BTreeMap<String, (usize, usize)>, Vec<(usize, u8)>, usize);

fn place(arrows: &Arrows) -> Places {
    let (mut places, mut labels, mut y) = (BTreeMap::new(), Vec::new(), 8);
    for (floor, crates) in floors(arrows).iter().rev() {
        labels.push((y, *floor));
        for row in crates.chunks(ACROSS) {
            let indent = (ACROSS - row.len()) * STEP.0 / 2;
            for (index, (name, _)) in row.iter().enumerate() {
                places.insert((*name).clone(), (LEFT + indent + index * STEP.0, y));
            }
            y += STEP.1;
        }
    }
    (places, labels, y)
}
