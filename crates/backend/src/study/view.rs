//! A run as it stands on a page: events folded into steps and items.
//!
//! A fold, instead of one fragment per event: a page that joins late, or lost messages, gets the
//! present state at once, and every later message only replaces an element by its id.

mod item;

use std::collections::BTreeMap;

use evidence::{Chart, Event, Machine, Measurement, Quantity, Scale, Story, Verdict, record};

pub(super) use item::{Bar, Check, Item, Ladder, Prediction, Rung};

/// Everything that happened in one run.
#[derive(Debug, Default)]
pub(super) struct RunView {
    pub(super) started: Option<Started>,
    pub(super) steps: Vec<Step>,
    pub(super) finished: Option<Finished>,
    pub(super) passed: u32,
    pub(super) failed: u32,
    /// What the reader expected, by the id of the prediction.
    pub(super) guesses: BTreeMap<String, f64>,
    /// What a README may quote, by its id, as it is written everywhere.
    pub(super) values: BTreeMap<String, String>,
}

/// How the run began.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) scale: Scale,
    pub(super) seed: u64,
    pub(super) machine: Machine,
    /// Switches that were flipped.
    pub(super) switches: Vec<String>,
}

/// How the run ended.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) verdict: Verdict,
    pub(super) seconds: f64,
    pub(super) error: Option<String>,
}

/// A step and what was shown during it. What comes before the first step has no title.
#[derive(Debug, Default)]
pub(super) struct Step {
    pub(super) title: String,
    pub(super) items: Vec<Item>,
}

/// Which part of the page an event changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The line that says where and how the run takes place.
    Head,
    /// A step began.
    Step(usize),
    /// An item of a step appeared or changed.
    Item(usize, usize),
    /// The run ended.
    End,
}

impl Step {
    /// Its claims, in the order they were put to the test.
    pub(super) fn checks(&self) -> impl Iterator<Item = &Check> {
        self.items.iter().flat_map(|item| match item {
            Item::Checks(checks) => checks.as_slice(),
            _ => &[],
        })
    }

    /// Its ladders.
    pub(super) fn ladders(&self) -> impl Iterator<Item = &Ladder> {
        self.items.iter().filter_map(|item| match item {
            Item::Ladder(ladder) => Some(ladder),
            _ => None,
        })
    }

    /// Its single values.
    pub(super) fn measurements(&self) -> impl Iterator<Item = &Measurement> {
        self.items.iter().flat_map(|item| match item {
            Item::Measurements(list) => list.as_slice(),
            _ => &[],
        })
    }
}

impl RunView {
    /// A whole run at once.
    pub(super) fn of(events: &[Event]) -> Self {
        let mut view = Self::default();
        for event in events {
            view.apply(event);
        }
        view
    }

    /// Takes in one event.
    pub(super) fn apply(&mut self, event: &Event) -> Change {
        match event {
            Event::Started { scale, seed, machine, switches, .. } => {
                let (machine, switches) = (machine.clone(), switches.clone());
                self.started = Some(Started { scale: *scale, seed: *seed, machine, switches });
                Change::Head
            }
            Event::Environment { postgres } => {
                self.started.iter_mut().for_each(|run| run.machine.postgres.clone_from(postgres));
                Change::Head
            }
            Event::Step { title } => {
                self.steps.push(Step { title: title.clone(), items: Vec::new() });
                Change::Step(self.steps.len() - 1)
            }
            Event::Finished { verdict, seconds, error, .. } => {
                let (verdict, seconds, error) = (*verdict, *seconds, error.clone());
                self.finished = Some(Finished { verdict, seconds, error });
                Change::End
            }
            Event::Rung { ladder, kind, name, cells } => {
                let rung = Rung { kind: *kind, name: name.clone(), cells: cells.clone() };
                self.rung(*ladder, rung)
            }
            Event::Reveal { id, value } => self.reveal(id, *value),
            other => {
                self.values.extend(record::values(std::slice::from_ref(other)));
                Item::of(other).map_or(Change::Head, |item| self.place(item))
            }
        }
    }

    /// Everything that was shown, in order.
    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        self.steps.iter().flat_map(|step| &step.items)
    }

    /// The run told as a story, where it got that far.
    pub(super) fn story(&self) -> Option<&Story> {
        self.items().find_map(|item| if let Item::Story(story) = item { Some(story) } else { None })
    }

    /// The day it began, such as `2026-11-24`; empty before it did.
    pub(super) fn day(&self) -> &str {
        let at = self.started.as_ref().map(|run| run.machine.at.as_str());
        at.and_then(|at| at.get(..10)).unwrap_or_default()
    }

    /// The chart with this id.
    pub(super) fn chart(&self, id: &str) -> Option<&Chart> {
        self.items()
            .filter_map(|item| if let Item::Chart(chart) = item { Some(chart) } else { None })
            .find(|chart| chart.id == id)
    }

    /// Every claim, in the order it was put to the test.
    pub(super) fn checks(&self) -> impl Iterator<Item = &Check> {
        self.steps.iter().flat_map(Step::checks)
    }

    fn rung(&mut self, number: u32, rung: Rung) -> Change {
        let at = self.find(|item| matches!(item, Item::Ladder(one) if one.number == number));
        if let Some((step, item)) = at
            && let Item::Ladder(ladder) = &mut self.steps[step].items[item]
        {
            ladder.rungs.push(rung);
            return Change::Item(step, item);
        }
        let (title, columns) = (String::new(), Vec::new());
        self.push(Item::Ladder(Ladder { number, title, columns, rungs: vec![rung] }))
    }

    /// Claims that follow each other stand in one list, and so do values; a bar replaces itself.
    fn place(&mut self, item: Item) -> Change {
        if let Item::Checks(checks) = &item {
            self.count(checks);
        }
        match (item, self.last()) {
            (Item::Checks(new), Some((change, Item::Checks(list)))) => {
                list.extend(new);
                change
            }
            (Item::Measurements(new), Some((change, Item::Measurements(list)))) => {
                list.extend(new);
                change
            }
            (Item::Plans(new), Some((change, Item::Plans(list)))) => {
                list.extend(new);
                change
            }
            (Item::Bar(bar), _) => {
                let same = |item: &Item| matches!(item, Item::Bar(one) if one.number == bar.number);
                let at = self.find(same);
                self.put(at, Item::Bar(bar))
            }
            (item, _) => self.push(item),
        }
    }

    fn count(&mut self, checks: &[Check]) {
        for check in checks {
            if check.passed { self.passed += 1 } else { self.failed += 1 }
        }
    }

    fn reveal(&mut self, wanted: &str, value: Quantity) -> Change {
        let at = self.find(|item| matches!(item, Item::Prediction(one) if one.id == wanted));
        let Some((step, item)) = at else { return Change::Head };
        if let Item::Prediction(prediction) = &mut self.steps[step].items[item] {
            prediction.measured = Some(value);
        }
        Change::Item(step, item)
    }

    fn find(&self, wanted: impl Fn(&Item) -> bool) -> Option<(usize, usize)> {
        self.steps.iter().enumerate().rev().find_map(|(step, content)| {
            content.items.iter().position(&wanted).map(|item| (step, item))
        })
    }

    fn last(&mut self) -> Option<(Change, &mut Item)> {
        let step = self.steps.len().checked_sub(1)?;
        let items = &mut self.steps[step].items;
        let item = items.len().checked_sub(1)?;
        Some((Change::Item(step, item), &mut items[item]))
    }

    fn put(&mut self, at: Option<(usize, usize)>, item: Item) -> Change {
        let Some((step, index)) = at else { return self.push(item) };
        self.steps[step].items[index] = item;
        Change::Item(step, index)
    }

    /// Adds an item to the step that is going on. The first item of a run that began without one
    /// makes a step, and is then the change as a whole.
    fn push(&mut self, item: Item) -> Change {
        if self.steps.is_empty() {
            self.steps.push(Step { title: String::new(), items: vec![item] });
            return Change::Step(0);
        }
        let step = self.steps.len() - 1;
        self.steps[step].items.push(item);
        Change::Item(step, self.steps[step].items.len() - 1)
    }
}

#[cfg(test)]
mod tests;
