//! Colours and patterns of charts.

use std::fmt::Write;

use crate::RungKind;

/// `(custom property, light, dark)`; each pair keeps a contrast of at least 3 : 1 on its ground.
const COLOURS: [(&str, &str, &str); 14] = [
    ("ink", "#1f2328", "#e6edf3"),
    ("muted", "#59636e", "#9198a1"),
    ("grid", "#d8dee4", "#30363d"),
    ("plain", "#57606a", "#8b949e"),
    ("wrong", "#c2410c", "#fb7a4b"),
    ("tempting", "#a16207", "#e3b341"),
    ("right", "#15803d", "#4ac26b"),
    ("costly", "#1d4ed8", "#6ea8fe"),
    ("line-1", "#1d4ed8", "#6ea8fe"),
    ("line-2", "#c2410c", "#fb7a4b"),
    ("line-3", "#15803d", "#4ac26b"),
    ("line-4", "#7c3aed", "#b392f0"),
    ("line-5", "#a16207", "#e3b341"),
    ("line-6", "#0e7490", "#39c5cf"),
];

/// Number of line styles before they repeat.
pub(super) const LINE_STYLES: usize = 6;

/// Dashes of the line styles, so that lines differ in print and to the colour-blind.
const DASHES: [&str; LINE_STYLES] = ["none", "7 4", "2 3", "10 3 2 3", "12 4", "4 2"];

/// Class name of a rung; also the name of its pattern.
pub(super) fn rung(kind: Option<RungKind>) -> &'static str {
    kind.map_or("plain", RungKind::word)
}

/// The style sheet. Its selectors begin with the chart's class, as an inlined style is page-wide.
pub(super) fn sheet() -> String {
    let mut sheet = String::new();
    let properties = |dark: bool| {
        let mut rule = String::from(".evidence-chart{");
        for (name, light_colour, dark_colour) in COLOURS {
            let colour = if dark { dark_colour } else { light_colour };
            let _ = write!(rule, "--c-{name}:var(--chart-{name},{colour});");
        }
        rule + "}"
    };
    let (light, dark) = (properties(false), properties(true));
    let _ = write!(sheet, "{light}@media(prefers-color-scheme:dark){{{dark}}}");
    sheet.push_str(
        ".evidence-chart{max-width:720px;height:auto;font:12px ui-sans-serif,system-ui,\
         -apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;\
         font-variant-numeric:tabular-nums}\
         .evidence-chart text{fill:var(--c-ink)}\
         .evidence-chart .title{font-size:15px;font-weight:600}\
         .evidence-chart .value{font-weight:600}\
         .evidence-chart .muted{fill:var(--c-muted)}\
         .evidence-chart .mark{font-size:13px;font-weight:700}\
         .evidence-chart .grid{stroke:var(--c-grid);stroke-width:1;shape-rendering:crispEdges}\
         .evidence-chart .base{stroke:var(--c-muted);stroke-width:1;shape-rendering:crispEdges}\
         .evidence-chart .whisker{stroke:var(--c-ink);stroke-width:1.25}\
         .evidence-chart .span{fill:var(--c-line-1)}\
         .evidence-chart .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}",
    );
    for kind in ["plain", "wrong", "tempting", "right", "costly"] {
        let _ = write!(
            sheet,
            ".evidence-chart .bar-{kind}{{fill:var(--c-{kind});stroke:var(--c-{kind});stroke-width:1.25}}\
             .evidence-chart .ink-{kind}{{fill:var(--c-{kind})}}\
             .evidence-chart .stroke-{kind}{{stroke:var(--c-{kind});stroke-width:2}}"
        );
    }
    // An outline, instead of a fourth filling, for what is right at another price.
    sheet.push_str(".evidence-chart .bar-costly{fill:none}");
    for (style, dash) in DASHES.iter().enumerate() {
        let number = style + 1;
        let _ = write!(
            sheet,
            ".evidence-chart .line-{number}{{stroke:var(--c-line-{number});stroke-dasharray:{dash}}}\
             .evidence-chart .dot-{number}{{fill:var(--c-line-{number})}}"
        );
    }
    sheet
}

/// Hatching for what is wrong and dots for what tempts.
pub(super) fn patterns(prefix: &str) -> String {
    format!(
        "<pattern id=\"{prefix}-wrong\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\" \
         class=\"stroke-wrong\" style=\"stroke-width:5\"/></pattern>\
         <pattern id=\"{prefix}-tempting\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">\
         <circle cx=\"1.5\" cy=\"1.5\" r=\"1.4\" class=\"ink-tempting\"/>\
         <circle cx=\"4.5\" cy=\"4.5\" r=\"1.4\" class=\"ink-tempting\"/></pattern>"
    )
}

/// The pattern that fills a bar of this kind, where it is not a plain colour.
pub(super) fn pattern(kind: Option<RungKind>) -> Option<&'static str> {
    matches!(kind, Some(RungKind::Wrong | RungKind::Tempting)).then(|| rung(kind))
}
