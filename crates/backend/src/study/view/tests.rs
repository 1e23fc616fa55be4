use evidence::{Cell, RungKind};

use super::*;

fn note(text: &str) -> Event {
    Event::Note { text: text.to_owned() }
}

fn bar(done: u64) -> Event {
    let (label, unit) = ("load".to_owned(), "rows".to_owned());
    Event::Progress { bar: 0, label, done, total: 9, unit, elapsed_ms: 1 }
}

fn check(id: &str, passed: bool) -> Event {
    Event::Check { id: id.to_owned(), claim: "a claim".to_owned(), passed }
}

#[test]
fn each_event_names_the_part_of_the_page_it_changed() {
    let mut view = RunView::default();
    let step = Event::Step { title: "one".to_owned() };
    let cases = [
        (note("before any step"), Change::Step(0)),
        (step, Change::Step(1)),
        (bar(0), Change::Item(1, 0)),
        (note("between"), Change::Item(1, 1)),
        (bar(9), Change::Item(1, 0)),
        (check("a", true), Change::Item(1, 2)),
        (check("b", false), Change::Item(1, 2)),
        (note("after"), Change::Item(1, 3)),
        (check("c", true), Change::Item(1, 4)),
    ];
    for (event, change) in cases {
        assert_eq!(view.apply(&event), change, "{event:?}");
    }
    assert_eq!((view.passed, view.failed), (2, 1));
    assert_eq!(view.checks().count(), 3);
}

#[test]
fn rungs_join_their_ladder_however_late_they_come() {
    let columns = vec!["rows".to_owned()];
    let ladder = Event::Ladder { ladder: 3, title: "load".to_owned(), columns };
    let cells = vec![Cell::from("1")];
    let rung = Event::Rung { ladder: 3, kind: RungKind::Wrong, name: "naive".to_owned(), cells };
    let view = RunView::of(&[ladder, note("waiting"), rung]);
    let Item::Ladder(ladder) = &view.steps[0].items[0] else { panic!("no ladder") };
    assert_eq!(ladder.rungs.len(), 1);
}
