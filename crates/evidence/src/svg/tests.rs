use roxmltree::{Document, Node};

use crate::{Bar, Chart, ChartKind, Line, RungKind, TimelineRow, Unit};

fn chart(kind: ChartKind) -> Chart {
    Chart {
        id: "buffers read".to_owned(),
        title: "Buffers <read> & \"hit\"".to_owned(),
        axis: "time".to_owned(),
        unit: Unit::Seconds,
        kind,
    }
}

fn bar(label: &str, value: f64, rung: RungKind) -> Bar {
    Bar { label: label.to_owned(), value, spread: None, rung: Some(rung) }
}

fn bars(logarithmic: bool) -> Chart {
    let mut bars = vec![
        bar("nothing at all", 0.0, RungKind::Wrong),
        bar(
            "<script>alert('hi')</script> & a label that is long enough to break",
            4.0,
            RungKind::Tempting,
        ),
        bar("enormous", 1e9, RungKind::Right),
        bar("costly", f64::NAN, RungKind::Costly),
    ];
    bars[1].spread = Some((2.0, 1e9));
    chart(ChartKind::Bars { bars, logarithmic })
}

fn all_kinds() -> Vec<Chart> {
    let line = |label: &str, last: f64| Line {
        label: label.to_owned(),
        points: vec![(1.0, 0.0), (2.0, 0.5), (16.0, last)],
    };
    vec![
        bars(false),
        bars(true),
        chart(ChartKind::Lines {
            x_axis: "clients".to_owned(),
            lines: vec![line("offset", 1e9), line("keyset", 0.0), line("cursor", 1.0)],
        }),
        chart(ChartKind::Histogram { bins: vec![(0.001, 0), (0.002, 1), (0.004, 1_000_000_000)] }),
        chart(ChartKind::Timeline {
            rows: vec![TimelineRow {
                label: "worker 1".to_owned(),
                spans: (0..5_000).map(|at| (f64::from(at), f64::from(at) + 0.9)).collect(),
            }],
        }),
        chart(ChartKind::Bars { bars: Vec::new(), logarithmic: true }),
        chart(ChartKind::Lines { x_axis: "x".to_owned(), lines: Vec::new() }),
        chart(ChartKind::Histogram { bins: Vec::new() }),
        chart(ChartKind::Timeline { rows: Vec::new() }),
    ]
}

fn number(node: &Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).unwrap().parse().unwrap()
}

fn texts(document: &Document<'_>) -> String {
    let text = |node: Node<'_, '_>| node.text().unwrap_or_default().to_owned();
    let nodes = document.descendants().filter(|node| node.has_tag_name("text"));
    nodes.map(text).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_kind_of_chart_is_well_formed_and_named_for_screen_readers() {
    for chart in all_kinds() {
        let svg = chart.to_svg();
        let document = Document::parse(&svg).unwrap();
        let root = document.root_element();
        assert_eq!(root.attribute("role"), Some("img"));
        assert_eq!(root.attribute("width"), Some("100%"));
        let child = |name| root.children().find(|node| node.has_tag_name(name)).unwrap();
        assert_eq!(child("title").text(), Some(chart.title.as_str()));
        assert!(child("desc").text().is_some_and(|text| text.starts_with("time")));
        assert!(!document.descendants().any(|node| node.has_tag_name("script")));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        assert!(svg.len() < 60_000, "{} bytes", svg.len());
    }
}

#[test]
fn nothing_is_drawn_outside_the_picture() {
    for chart in all_kinds() {
        let svg = chart.to_svg();
        let document = Document::parse(&svg).unwrap();
        let view: Vec<f64> = document
            .root_element()
            .attribute("viewBox")
            .unwrap()
            .split(' ')
            .map(|part| part.parse().unwrap())
            .collect();
        let inside = |x: f64, y: f64| (0.0..=view[2]).contains(&x) && (0.0..=view[3]).contains(&y);
        for node in document.descendants().filter(|node| node.has_tag_name("rect")) {
            let (x, y) = (number(&node, "x"), number(&node, "y"));
            assert!(inside(x, y), "{node:?}");
            assert!(inside(x + number(&node, "width"), y + number(&node, "height")), "{node:?}");
        }
        let ends = |node: &Node<'_, '_>| node.ancestors().all(|node| !node.has_tag_name("defs"));
        for node in document.descendants().filter(|node| node.has_tag_name("line") && ends(node)) {
            assert!(inside(number(&node, "x1"), number(&node, "y1")), "{node:?}");
            assert!(inside(number(&node, "x2"), number(&node, "y2")), "{node:?}");
        }
        for node in document.descendants().filter(|node| node.has_tag_name("text")) {
            assert!(inside(number(&node, "x"), number(&node, "y")), "{node:?}");
            let end = number(&node, "x") + super::text_width(node.text().unwrap_or(""), 12.0);
            let starts = node.attribute("text-anchor").is_none();
            assert!(!starts || end <= view[2], "{:?} ends at {end}", node.text());
        }
    }
}

#[test]
fn every_label_and_value_is_written() {
    let svg = bars(false).to_svg();
    let written = texts(&Document::parse(&svg).unwrap());
    for part in
        ["nothing at all", "<script>alert('hi')</script>", "enormous", "0 µs", "✕", "?", "✓", "◇"]
    {
        assert!(written.contains(part), "{part} in {written}");
    }
    assert!(written.contains("1\u{202f}000\u{202f}000\u{202f}000 s"), "{written}");
}

#[test]
fn a_logarithmic_axis_says_so_and_keeps_small_values_visible() {
    let svg = bars(true).to_svg();
    let document = Document::parse(&svg).unwrap();
    assert!(texts(&document).contains("logarithmic"));
    let widths: Vec<f64> = document
        .descendants()
        .filter(|node| node.has_tag_name("rect"))
        .map(|node| number(&node, "width"))
        .collect();
    assert_eq!(widths[0], 0.0);
    assert!(widths[1] > 2.0 && widths[2] > widths[1]);
    assert!(!texts(&Document::parse(&bars(false).to_svg()).unwrap()).contains("logarithmic"));
}

#[test]
fn kinds_of_rung_differ_without_colour() {
    let svg = bars(false).to_svg();
    let document = Document::parse(&svg).unwrap();
    let fills: Vec<Option<&str>> = document
        .descendants()
        .filter(|node| node.has_tag_name("rect"))
        .map(|node| node.attribute("style"))
        .collect();
    assert!(fills[0].is_some_and(|fill| fill.contains("-wrong")));
    assert!(fills[1].is_some_and(|fill| fill.contains("-tempting")));
    assert_eq!((fills[2], fills[3]), (None, None));
    assert!(svg.contains(".bar-costly{fill:none}"));
    assert!(svg.contains("prefers-color-scheme:dark"));
}
