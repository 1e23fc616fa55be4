use super::{RecordError, load, output, stale, stamp, write};
use crate::readme::Readme;
use crate::{
    Bar, Cell, Chart, ChartKind, Comparison, Event, Lower, Machine, Measurement, Quantity,
    RungKind, Scale, Unit, Verdict,
};

const README: &str = "# Title\n\n## Say it\nIt reads <!-- v:buffers -->old<!-- /v -->, twice \
    <!-- v:buffers -->12<!-- /v -->, against <!-- v:ways.right --><!-- /v -->.\n\n## Run it\n\
    cargo run\n\n<!-- recorded:begin -->\nold output\n<!-- recorded:end -->\n\n## Left out\nNothing.\n";

fn measurement(id: &str, value: Quantity, samples: u32) -> Measurement {
    let (low, high) = (value.value * 0.9, value.value * 1.1);
    Measurement { id: id.to_owned(), label: format!("label of {id}"), value, low, high, samples }
}

fn progress(done: u64) -> Event {
    let (label, unit) = ("load".to_owned(), "rows".to_owned());
    Event::Progress { bar: 0, label, done, total: 9, unit, elapsed_ms: 5 }
}

fn chart(id: &str) -> Event {
    let bar = Bar { label: "one".to_owned(), value: 1.0, spread: None, rung: None };
    Event::Chart(Chart {
        id: id.to_owned(),
        title: "A [chart]".to_owned(),
        axis: "rows".to_owned(),
        unit: Unit::Count,
        kind: ChartKind::Bars { bars: vec![bar], logarithmic: false },
    })
}

fn run(profile: &str, verdict: Verdict) -> Vec<Event> {
    let machine = Machine { profile: profile.to_owned(), ..Machine::here() };
    let seconds = |value| Quantity { value, unit: Unit::Seconds };
    vec![
        Event::Started {
            answer: "slug".to_owned(),
            title: "Title".to_owned(),
            scale: Scale::Quick,
            seed: 7,
            machine,
            switches: Vec::new(),
        },
        Event::Environment { postgres: "17.6".to_owned() },
        progress(0),
        progress(4),
        progress(9),
        Event::Ladder {
            ladder: 0,
            title: "fixed load".to_owned(),
            columns: vec!["rows".to_owned()],
        },
        Event::Rung {
            ladder: 0,
            kind: RungKind::Wrong,
            name: "full scan".to_owned(),
            cells: vec![Cell::Quantity(Quantity::count(12))],
        },
        Event::Measurement(measurement("buffers", Quantity::buffers(18_243), 1)),
        Event::Comparison(Comparison {
            id: "ways".to_owned(),
            label: "two ways".to_owned(),
            left: measurement("ways.left", seconds(0.002), 12),
            right: measurement("ways.right", seconds(0.004), 12),
            verdict: Lower::Left,
        }),
        chart("lost-rows"),
        Event::Check { id: "one".to_owned(), claim: "it holds".to_owned(), passed: true },
        Event::Finished { verdict, passed: 1, failed: 0, seconds: 2.0, error: None },
    ]
}

fn passed() -> Vec<Event> {
    run("release", Verdict::Passed)
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("README.md"), README).unwrap();
    folder
}

#[test]
fn a_recording_fills_in_the_readme_and_is_read_back() {
    let folder = folder();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    std::fs::create_dir(folder.path().join("recorded")).unwrap();
    std::fs::write(folder.path().join("recorded/gone.svg"), "").unwrap();
    write(folder.path(), &passed(), false).unwrap();

    let readme = read("README.md");
    assert_eq!(readme.matches("-->18\u{202f}243 buffers<!-- /v -->").count(), 2);
    assert!(readme.contains("<!-- v:ways.right -->4.00 ms<!-- /v -->"));
    let run_it = Readme::parse(&readme).section("Run it").unwrap().to_owned();
    let parts = [
        "cargo run",
        "PostgreSQL 17.6",
        "scale quick",
        "seed 7",
        "```text",
        "✕ full scan",
        "✓ one",
        "two ways: ",
        "[1.80 ms to 2.20 ms]",
        "![A chart](recorded/lost-rows.svg)",
    ];
    for part in parts {
        assert!(run_it.contains(part), "{part} in {run_it}");
    }
    assert!(!readme.contains("old output") && readme.ends_with("## Left out\nNothing.\n"));
    assert!(read("recorded/lost-rows.svg").starts_with("<svg"));
    assert!(!folder.path().join("recorded/gone.svg").exists());

    let events = load(&read("recorded/run.jsonl"));
    assert_eq!(events.len(), passed().len() - 1, "only the progress between is left out");
    assert_eq!(stale(&readme, &events), Vec::<String>::new());
    write(folder.path(), &events, false).unwrap();
    assert_eq!(read("README.md"), readme, "recording the same run again changes nothing");
}

#[test]
fn what_must_not_be_quoted_is_refused_and_nothing_is_written() {
    let mut bad_id = passed();
    bad_id.insert(1, chart("../escape"));
    let mut unknown = passed();
    unknown.retain(|event| !matches!(event, Event::Measurement(_)));
    let mut large = passed();
    large.insert(1, Event::Note { text: "x".repeat(200_000) });
    let cases: [(&str, Vec<Event>); 7] = [
        ("did not pass", run("release", Verdict::Failed)),
        ("did not pass", run("release", Verdict::Interrupted)),
        ("did not pass", passed()[..5].to_vec()),
        ("debug build", run("debug", Verdict::Passed)),
        ("`../escape`", bad_id),
        ("`v:buffers`", unknown),
        ("above the 200000", large),
    ];
    for (reason, events) in cases {
        let folder = folder();
        let error = write(folder.path(), &events, false).unwrap_err().to_string();
        assert!(error.contains(reason), "{reason}: {error}");
        let names = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(
            (names, std::fs::read_to_string(folder.path().join("README.md")).unwrap()),
            (1, README.to_owned())
        );
    }
}

#[test]
fn a_debug_build_is_recorded_when_forced() {
    write(folder().path(), &run("debug", Verdict::Passed), true).unwrap();
}

#[test]
fn a_readme_without_a_place_for_the_output_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(write(folder.path(), &passed(), false), Err(RecordError::Io { .. })));
    std::fs::write(folder.path().join("README.md"), "# Title\n").unwrap();
    assert!(matches!(write(folder.path(), &passed(), false), Err(RecordError::NoPlace)));
}

#[test]
fn stale_and_unknown_values_are_told_apart() {
    let problems = stale(README, &passed());
    assert_eq!(problems.len(), 3);
    assert!(problems[0].contains("shows \"old\"") && problems[2].contains("measured \"4.00 ms\""));
    let unknown = stale(README, &[]);
    assert!(unknown[0].contains("names nothing"), "{unknown:?}");
}

#[test]
fn lines_that_are_no_event_are_left_out() {
    assert_eq!(
        load("{\"event\":\"note\",\"text\":\"a\"}\n\n{\"event\":\"unheard\"}\nno json\n").len(),
        1
    );
}

#[test]
fn the_stamp_is_one_line_and_an_empty_run_has_none() {
    assert_eq!(stamp(&passed()).lines().count(), 1);
    assert_eq!(stamp(&[]), "");
    assert!(output(&passed()).lines().all(|line| line.chars().count() <= 92));
}

#[test]
fn the_headline_has_the_numbers_of_the_run_that_is_told_of() {
    let readme =
        "# Title\n\n**It reads <!-- v:buffers -->old<!-- /v -->**, not\n`all`.\n\n## Say it\n";
    let line = super::headline(readme, &passed()).unwrap();
    assert_eq!(line, "It reads 18\u{202f}243 buffers, not all.");
    assert_eq!(super::headline(readme, &[]), None, "a number that was not measured");
}
