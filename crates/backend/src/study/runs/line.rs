//! Who is next: at most one run goes on, a few wait, and the last one of each kind is remembered.

use error_handling::Problem;
use evidence::{Answer, Interrupt, Scale};
use std::time::Duration;

use super::Ticket;
use super::run::{Message, Run, Wish};
use crate::study::events;
use crate::study::view::RunView;

/// Runs that may wait. More would wait for minutes, and whoever asked is gone by then.
const LONGEST: usize = 6;

/// When to ask again after the line was full.
const AGAIN: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Line {
    /// In the order in which they were asked for.
    runs: Vec<Run>,
    last_number: u64,
    /// Whether a thread performs what is in line.
    performing: bool,
}

impl Line {
    /// Puts a run in line; also tells whether somebody has to begin performing.
    pub(super) fn join(
        &mut self,
        answer: &'static Answer,
        wish: Wish,
    ) -> Result<(Ticket, bool), Problem> {
        let ahead = self.unfinished().len();
        if ahead > LONGEST {
            let detail = "Too many demos are waiting already; one runs at a time.";
            return Err(Problem::unavailable(detail, AGAIN));
        }
        let lacks = wish.switch.is_some() && self.without_switch(answer.slug, &wish).is_none();
        let first = lacks.then(|| {
            let plain = Wish { switch: None, guesses: wish.guesses.clone(), ..wish };
            self.add(answer, plain, None)
        });
        let number = self.add(answer, wish, first);
        let idle = !self.performing;
        self.performing = true;
        Ok((Ticket { number, first, position: ahead }, idle))
    }

    fn add(&mut self, answer: &'static Answer, wish: Wish, first: Option<u64>) -> u64 {
        // Those who gave up while they waited left nothing to show.
        self.runs.retain(|run| run.begun || !run.is_over());
        self.last_number += 1;
        let run = Run { first, ..Run::new(self.last_number, answer, wish) };
        self.runs.push(run);
        self.last_number
    }

    /// A run of an earlier server, as if it had just finished.
    pub(super) fn remember(&mut self, answer: &'static Answer, view: RunView) {
        let started = view.started.as_ref();
        let (scale, seed) = started.map_or((Scale::Quick, 0), |run| (run.scale, run.seed));
        let wish = Wish { scale, seed, ..Wish::default() };
        let number = self.add(answer, wish, None);
        if let Some(run) = self.find_mut(number) {
            run.view = view;
            run.begun = true;
        }
    }

    /// The next run, marked as begun; nobody performs any more when there is none.
    pub(super) fn begin(&mut self) -> Option<&Run> {
        let next = self.runs.iter().position(|run| !run.begun && !run.is_over());
        self.performing = next.is_some();
        self.runs[next?].begun = true;
        self.tell_those_who_wait();
        next.map(|next| &self.runs[next])
    }

    /// Forgets earlier runs of the same kind.
    pub(super) fn finish(&mut self, number: u64) {
        let Some(done) = self.find(number).map(kind) else { return };
        let complete = self.find(number).is_some_and(Run::is_complete);
        // A run that was stopped does not take the place of what the one before it measured.
        let stays = |run: &Run| !run.is_over() || run.is_complete() && !complete;
        self.runs.retain(|run| run.number >= number || kind(run) != done || stays(run));
        self.tell_those_who_wait();
    }

    /// Takes a run out of the line, or gives the switch that stops it.
    pub(super) fn leave(&mut self, number: u64) -> Option<Interrupt> {
        let waits = |run: &&mut Run| !run.begun && !run.is_over();
        let leaves = |run: &Run| run.number == number || run.first == Some(number);
        self.runs.iter_mut().filter(waits).filter(|run| leaves(run)).for_each(Run::cancel);
        self.tell_those_who_wait();
        let run = self.find(number).filter(|run| run.begun && !run.is_over())?;
        Some(run.interrupt.clone())
    }

    /// Numbers of the runs that go on or wait, in order.
    pub(super) fn unfinished(&self) -> Vec<u64> {
        self.runs.iter().filter(|run| !run.is_over()).map(|run| run.number).collect()
    }

    /// The runs in front of one.
    pub(super) fn ahead_of(&self, number: u64) -> Vec<String> {
        let ahead = self.runs.iter().filter(|run| !run.is_over() && run.number < number);
        let waits = self.find(number).is_some_and(|run| !run.begun && !run.is_over());
        if waits { ahead.map(Run::name).collect() } else { Vec::new() }
    }

    fn tell_those_who_wait(&self) {
        for run in self.runs.iter().filter(|run| !run.is_over()) {
            run.send(&events::queue(&self.ahead_of(run.number)));
        }
    }

    pub(super) fn going(&self) -> Option<&Run> {
        self.runs.iter().find(|run| run.begun && !run.is_over())
    }

    pub(super) fn find(&self, number: u64) -> Option<&Run> {
        self.runs.iter().find(|run| run.number == number)
    }

    pub(super) fn find_mut(&mut self, number: u64) -> Option<&mut Run> {
        self.runs.iter_mut().find(|run| run.number == number)
    }

    /// The latest run of an answer with this switch, or without one.
    pub(super) fn latest(&self, slug: &str, switch: Option<&str>) -> Option<&Run> {
        self.runs.iter().rev().find(|run| kind(run) == (slug, switch))
    }

    /// The latest complete run of an answer, without a switch.
    pub(super) fn complete(&self, slug: &str) -> Option<&Run> {
        self.runs.iter().rev().filter(|run| kind(run) == (slug, None)).find(|run| run.is_complete())
    }

    /// A complete run with the same data and without a switch.
    pub(super) fn without_switch(&self, slug: &str, wish: &Wish) -> Option<&Run> {
        let same = |run: &&Run| run.wish.scale == wish.scale && run.wish.seed == wish.seed;
        let plain = self.runs.iter().rev().filter(|run| kind(run) == (slug, None));
        plain.filter(same).find(|run| run.is_complete())
    }

    pub(super) fn send_everybody_away(&self) {
        for run in &self.runs {
            let _ = run.messages.send(Message::Closed);
        }
    }
}

/// Runs of one kind replace each other.
fn kind(run: &Run) -> (&'static str, Option<&'static str>) {
    (run.answer.slug, run.wish.switch.map(|switch| switch.name))
}
