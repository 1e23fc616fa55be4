//! Events as lines of text.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ladder::Columns;
use super::paint::{self, ACCENT, BOLD, DIM, WARN, paint};
use super::{bars, ending, predict, values};
use crate::text::wrap;
use crate::{Chart, Event, Machine, Needs, Quantity, RungKind, Scale, Story};

/// Everything below a step stands this far in.
const INDENT: usize = 4;

/// What was printed last; lines of one kind stand together, others apart.
#[derive(Clone, Copy, PartialEq)]
enum Last {
    Header,
    Step,
    Note,
    Bar,
    Ladder(u32),
    Check,
    Value,
    Big,
}

/// Turns events into text, remembering what the next line depends on.
pub(super) struct Renderer {
    needs: Needs,
    width: usize,
    last: Last,
    steps: u32,
    seed: u64,
    headers: BTreeMap<u32, Vec<String>>,
    columns: BTreeMap<u32, Columns>,
    failed: Vec<(String, String)>,
    guesses: BTreeMap<String, Quantity>,
}

impl Renderer {
    pub(super) fn new(needs: Needs, width: usize) -> Self {
        Self {
            needs,
            width,
            last: Last::Header,
            steps: 0,
            seed: 0,
            headers: BTreeMap::new(),
            columns: BTreeMap::new(),
            failed: Vec::new(),
            guesses: BTreeMap::new(),
        }
    }

    pub(super) fn indent(&self) -> usize {
        INDENT
    }

    pub(super) fn guessed(&mut self, id: &str, guess: Option<Quantity>) {
        self.guesses.extend(guess.map(|guess| (id.to_owned(), guess)));
    }

    /// The text for one event, with colours. `live` says whether bars are drawn elsewhere.
    pub(super) fn render(&mut self, event: &Event, live: bool) -> String {
        match event {
            Event::Started { answer, title, scale, seed, machine, switches } => {
                self.seed = *seed;
                let header = self.header(answer, title, *scale, machine);
                match switches.as_slice() {
                    [] => header,
                    flipped => {
                        let flipped = format!("flipped: {}", flipped.join(", "));
                        header + &self.after(Last::Note, &paint(WARN, &flipped))
                    }
                }
            }
            Event::Environment { postgres } => {
                self.after(Last::Note, &paint(DIM, &format!("PostgreSQL {postgres}")))
            }
            Event::Step { title } => self.step(title),
            Event::Note { text } => {
                let text = self.wrapped(text);
                self.after(Last::Note, &text)
            }
            Event::Progress { .. } => self.progress(event, live),
            Event::Block { title, text, .. } => self.block(title, text),
            Event::Story(story) => self.story(story),
            Event::Ladder { ladder, title, columns } => {
                self.headers.insert(*ladder, columns.clone());
                let text = self.wrapped(title);
                self.after(Last::Ladder(*ladder), &paint(ACCENT, &text))
            }
            Event::Rung { ladder, kind, name, cells } => self.rung(*ladder, *kind, name, cells),
            Event::Check { id, claim, passed } => self.check(id, claim, *passed),
            Event::Measurement(measurement) => {
                let line = format!("{}: {}", measurement.label, values::spread(measurement));
                let text = self.wrapped(&line);
                self.after(Last::Value, &text)
            }
            Event::Comparison(comparison) => self.after(Last::Big, &values::comparison(comparison)),
            Event::Chart(chart) => self.chart(chart),
            Event::Prediction { question, .. } => {
                let text = self.wrapped(&format!("Guess first: {question}"));
                self.after(Last::Big, &paint(ACCENT, &text))
            }
            Event::Reveal { id, value } => self.reveal(id, *value),
            Event::Finished { verdict, passed, failed, seconds, error } => {
                let run = ending::Run {
                    tally: (*passed, *failed),
                    seconds: *seconds,
                    error: error.as_deref(),
                    broken: &self.failed,
                    seed: self.seed,
                };
                format!("\n{}\n", ending::text(*verdict, &run, self.width))
            }
        }
    }

    fn header(&mut self, answer: &str, title: &str, scale: Scale, machine: &Machine) -> String {
        self.last = Last::Header;
        let mut text = format!("\n{}\n", paint(BOLD, &wrap(title, self.width).join("\n")));
        let mut dim = wrap(&format!("{answer} · scale {scale} · seed {}", self.seed), self.width);
        dim.extend(wrap(&machine.line(), self.width));
        for line in dim {
            text.push_str(&paint(DIM, &line));
            text.push('\n');
        }
        if self.needs != Needs::default() {
            text.push_str(&format!("{}\n", paint(DIM, &values::needs(&self.needs))));
        }
        if machine.profile == "debug" {
            let warning = "debug build: counts hold, times mean little";
            text.push_str(&format!("{}\n", paint(WARN, warning)));
        }
        text
    }

    fn step(&mut self, title: &str) -> String {
        self.steps += 1;
        self.last = Last::Step;
        let number = format!("{:>2}  ", self.steps);
        let title = wrap(title, self.width - INDENT).join("\n    ");
        format!("\n{}{}\n", paint(ACCENT, &number), paint(BOLD, &title))
    }

    /// Indents `text` and sets it apart from what stands above where that is something else.
    fn after(&mut self, kind: Last, text: &str) -> String {
        let apart = match (self.last, kind) {
            (Last::Step, _) => false,
            (Last::Big, _) | (_, Last::Big) => true,
            (last, kind) => last != kind,
        };
        self.last = kind;
        let mut out = String::from(if apart { "\n" } else { "" });
        for line in text.lines() {
            if line.is_empty() {
                out.push('\n');
            } else {
                out.push_str(&format!("{:INDENT$}{line}\n", ""));
            }
        }
        out
    }

    fn wrapped(&self, text: &str) -> String {
        wrap(text, self.width - INDENT).join("\n")
    }

    fn progress(&mut self, event: &Event, live: bool) -> String {
        let Event::Progress { label, done, total, unit, elapsed_ms, .. } = event else {
            return String::new();
        };
        let amount = Quantity::count(*total);
        if done == total {
            let elapsed = Duration::from_millis(*elapsed_ms);
            let rate = bars::rate(*done, unit, elapsed);
            let took = Quantity::duration(elapsed);
            let line = format!("{label}: {amount} {unit} in {took} ({rate})");
            return self.after(Last::Bar, &paint(DIM, &line));
        }
        if *done == 0 && !live {
            return self.after(Last::Bar, &paint(DIM, &format!("{label}: {amount} {unit} …")));
        }
        String::new()
    }

    fn block(&mut self, title: &str, text: &str) -> String {
        let gutter = paint(DIM, "│");
        let mut block = paint(DIM, title);
        for line in text.trim_end().lines() {
            block.push_str(&format!("\n{gutter} {line}"));
        }
        self.after(Last::Big, &block)
    }

    fn story(&mut self, story: &Story) -> String {
        let parts = [
            ("Situation", &story.situation),
            ("Task", &story.task),
            ("Action", &story.action),
            ("Result", &story.result),
        ];
        let mut text = String::new();
        for (name, part) in parts {
            let lines = wrap(part, self.width - INDENT - 11).join("\n           ");
            text.push_str(&format!("{}{lines}\n", paint(BOLD, &format!("{name:<11}"))));
        }
        self.after(Last::Big, &text)
    }

    fn rung(&mut self, ladder: u32, kind: RungKind, name: &str, cells: &[crate::Cell]) -> String {
        let first = !self.columns.contains_key(&ladder);
        let room = self.width - INDENT - 2;
        let headers = self.headers.get(&ladder).map_or(&[][..], Vec::as_slice);
        let columns =
            self.columns.entry(ladder).or_insert_with(|| Columns::new(headers, name, cells, room));
        let mut text = if first { columns.header() } else { String::new() };
        text.push_str(&columns.rung(kind, name, cells));
        self.after(Last::Ladder(ladder), &text)
    }

    fn check(&mut self, id: &str, claim: &str, passed: bool) -> String {
        if !passed {
            self.failed.push((id.to_owned(), claim.to_owned()));
        }
        let text = values::check(id, claim, passed, self.width - INDENT);
        self.after(Last::Check, &text)
    }

    fn chart(&mut self, chart: &Chart) -> String {
        let axis = wrap(&crate::svg::axis_name(chart), self.width - INDENT).join("\n");
        let mut text = format!("{}\n{}", paint(BOLD, &chart.title), paint(DIM, &axis));
        for (kind, line) in chart.rows(self.width - INDENT) {
            text.push_str(&format!("\n{}", paint(paint::of(kind), &line)));
        }
        self.after(Last::Big, &text)
    }

    fn reveal(&mut self, id: &str, value: Quantity) -> String {
        let verdict = self.guesses.get(id).map(|guess| predict::verdict(*guess, value));
        let verdict = verdict.map(|verdict| format!("; {verdict}")).unwrap_or_default();
        self.after(Last::Value, &paint(ACCENT, &format!("Measured: {value}{verdict}")))
    }
}
