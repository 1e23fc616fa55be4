use super::render::Renderer;
use crate::{
    Bar, Cell, Chart, ChartKind, Comparison, Event, Lower, Machine, Measurement, Needs, Quantity,
    RungKind, Scale, Unit, Verdict,
};

fn plain(events: &[Event], width: usize) -> String {
    let needs = Needs { rows: 1_000, disk_bytes: 2_000_000, memory_bytes: 0 };
    let mut renderer = Renderer::new(needs, width);
    let text: String = events.iter().map(|event| renderer.render(event, false)).collect();
    anstream::adapter::strip_str(&text).to_string()
}

fn check(id: &str, passed: bool) -> Event {
    let claim = "one partition of twelve is read when the predicate names the key, and all twelve \
                 when a function hides it";
    Event::Check { id: id.to_owned(), claim: claim.to_owned(), passed }
}

fn finished(verdict: Verdict, passed: u32, failed: u32) -> Event {
    Event::Finished { verdict, passed, failed, seconds: 1.5, error: None }
}

fn rung(kind: RungKind, name: &str, count: u64) -> Event {
    let cells = vec![Cell::Quantity(Quantity::count(count)), Cell::from("yes")];
    Event::Rung { ladder: 0, kind, name: name.to_owned(), cells }
}

fn measurement(id: &str, seconds: f64) -> Measurement {
    Measurement {
        id: id.to_owned(),
        label: id.to_owned(),
        value: Quantity { value: seconds, unit: Unit::Seconds },
        low: seconds * 0.9,
        high: seconds * 1.1,
        samples: 12,
    }
}

#[test]
fn the_header_names_question_scale_machine_and_needs() {
    let started = Event::Started {
        answer: "log-partitions".to_owned(),
        title: "Implement partitioning".to_owned(),
        scale: Scale::Quick,
        seed: 42,
        machine: Machine::here(),
        switches: Vec::new(),
    };
    let text = plain(&[started], 200);
    let parts = ["Implement partitioning", "scale quick", "seed 42", "rustc", "1\u{202f}000 rows"];
    for part in parts {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(text.contains("debug build"));
}

#[test]
fn long_claims_are_broken_to_the_width_with_their_sign_before_them() {
    let text = plain(&[check("pruning-reads-one-partition", true)], 60);
    assert!(text.trim_start().starts_with("✓ pruning-reads-one-partition"), "{text}");
    assert!(text.lines().count() > 2);
    assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
}

#[test]
fn rungs_line_up_below_their_header() {
    let events = [
        Event::Ladder {
            ladder: 0,
            title: "one month of 3 M rows".to_owned(),
            columns: vec!["rows".to_owned(), "right".to_owned()],
        },
        rung(RungKind::Wrong, "full scan", 3_000_000),
        rung(RungKind::Right, "a partitioned table with a name that is rather long", 12),
    ];
    let text = plain(&events, 80);
    let column = |part: &str| {
        let line = text.lines().find(|line| line.contains(part)).unwrap();
        line[..line.find(part).unwrap() + part.len()].chars().count()
    };
    assert_eq!(column("3\u{202f}000\u{202f}000"), column(" 12"));
    assert!(text.contains("✕ full scan") && text.contains("✓ a partitioned"));
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn a_failed_run_repeats_what_broke_and_says_what_to_do() {
    let text =
        plain(&[check("holds", true), check("breaks", false), finished(Verdict::Failed, 1, 1)], 80);
    let (_, ending) = text.split_once("✗ failed").unwrap();
    assert!(ending.contains("1 of 2 claims proven in 1.50 s"));
    assert!(ending.contains("✗ breaks") && !ending.contains("holds "), "{ending}");
    assert!(ending.contains("Next: run it again"));
    assert!(plain(&[finished(Verdict::Passed, 2, 0)], 80).contains("✓ passed  2 of 2"));
}

#[test]
fn overlapping_intervals_are_shown_as_no_verdict() {
    let mut comparison = Comparison {
        id: "id".to_owned(),
        label: "two ways".to_owned(),
        left: measurement("old", 0.010),
        right: measurement("new", 0.011),
        verdict: Lower::NoVerdict,
    };
    let text = plain(&[Event::Comparison(comparison.clone())], 80);
    assert!(text.contains("no verdict"), "{text}");
    comparison.verdict = Lower::Left;
    let text = plain(&[Event::Comparison(comparison)], 80);
    assert!(text.contains("old is lower, by 1.10×"), "{text}");
}

#[test]
fn a_pipe_sees_the_beginning_and_the_end_of_a_bar_and_nothing_between() {
    let progress = |done| Event::Progress {
        bar: 0,
        label: "load".to_owned(),
        done,
        total: 100,
        unit: "rows".to_owned(),
        elapsed_ms: 500,
    };
    let text = plain(&[progress(0), progress(50), progress(100)], 80);
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, ["    load: 100 rows …", "    load: 100 rows in 500 ms (200 rows/s)"]);
}

#[test]
fn charts_and_values_are_printed() {
    let bar = Bar { label: "one".to_owned(), value: 2.0, spread: None, rung: None };
    let chart = Chart {
        id: "id".to_owned(),
        title: "A chart".to_owned(),
        axis: "rows".to_owned(),
        unit: Unit::Count,
        kind: ChartKind::Bars { bars: vec![bar], logarithmic: false },
    };
    let text = plain(&[Event::Measurement(measurement("p99", 0.02)), Event::Chart(chart)], 80);
    assert!(text.contains("p99: 20.0 ms [18.0 ms to 22.0 ms, n = 12]"), "{text}");
    assert!(text.contains("A chart") && text.contains("█"));
}
