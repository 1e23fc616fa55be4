//! What a page of an answer is made of, taken from README, sources and recorded run once.

use evidence::readme::{RECORDED_BEGIN, RECORDED_END, Readme, ShowRow};
use evidence::{Answer, Chart, Verdict, record};
use maud::Markup;

use super::api;
use super::events::{self, Pictures, Place};
use super::markdown::{Checks, Context};
use super::show;
use super::view::{Item, Prediction, RunView};
use crate::questions;

/// Words of text and of code that one reads in a minute.
const PROSE_PER_MINUTE: usize = 220;
const CODE_PER_MINUTE: usize = 110;

/// The parsed parts of an answer; the page is put together from them.
#[derive(Debug)]
pub(super) struct Digest {
    pub(super) readme: Readme,
    /// Where and when the recorded run took place; empty without one.
    pub(super) stamp: String,
    /// The day of it, such as `2026-11-24`.
    pub(super) recorded_on: String,
    /// Claims held and claims made in the recorded run; `None` without one.
    pub(super) tally: Option<(u32, u32)>,
    /// Whether the recorded run passed.
    pub(super) passed: bool,
    /// What a reader may guess before a run.
    pub(super) predictions: Vec<Prediction>,
    /// How many endpoints it serves.
    pub(super) endpoints: usize,
    /// Claims of the recorded run by their ids.
    pub(super) checks: Checks,
    /// Paths of files with an item on the page.
    pub(super) shown: Vec<String>,
    /// The "Show it" table with its code, which takes the longest to make.
    pub(super) show: Markup,
    /// The recorded run.
    pub(super) recorded: Markup,
    pub(super) recorded_run: RunView,
    pub(super) minutes: (usize, usize),
    /// Everything that a search looks through, in lower case.
    pub(super) text: String,
}

impl Digest {
    pub(super) fn of(answer: &'static Answer) -> Self {
        let readme = Readme::parse(answer.readme);
        let run = record::load(answer.recorded);
        let view = RunView::of(&run);
        let rows = readme.show_rows();
        let mut digest = Self {
            stamp: record::stamp(&run),
            recorded_on: view.day().to_owned(),
            tally: (!run.is_empty()).then_some((view.passed, view.passed + view.failed)),
            passed: view.finished.as_ref().is_some_and(|end| end.verdict == Verdict::Passed),
            predictions: predictions(&view),
            endpoints: api::of(answer).len(),
            checks: view
                .checks()
                .map(|one| (one.id.clone(), (one.passed, one.claim.clone())))
                .collect(),
            shown: shown(answer, &rows),
            show: Markup::default(),
            recorded: events::whole(&view, &recorded_place(answer)),
            minutes: minutes(answer, &rows),
            text: searched(answer),
            recorded_run: view,
            readme,
        };
        digest.show = show::table(answer, &digest, &rows);
        digest
    }

    /// What the README's text needs to know about its page.
    pub(super) fn context<'page>(&'page self, answer: &'page Answer) -> Context<'page> {
        Context { answer, stamp: &self.stamp, shown: &self.shown, checks: &self.checks }
    }

    /// The text below "Run it" without the recorded part, which the page shows from the run itself.
    pub(super) fn run_it(&self) -> String {
        let text = self.readme.section("Run it").unwrap_or_default();
        let (before, rest) = text.split_once(RECORDED_BEGIN).unwrap_or((text, ""));
        let (_, after) = rest.split_once(RECORDED_END).unwrap_or_default();
        format!("{before}{after}")
    }
}

/// A picture of the recorded run.
pub(super) fn recorded_picture(digest: &Digest, id: &str) -> Option<String> {
    digest.recorded_run.chart(id).map(Chart::to_svg)
}

fn recorded_place(answer: &Answer) -> Place {
    let pictures = Pictures::Below(format!("/answers/{}/recorded", answer.slug));
    Place { prefix: "recorded", pictures }
}

fn predictions(run: &RunView) -> Vec<Prediction> {
    let of = |item: &Item| match item {
        Item::Prediction(prediction) => Some(prediction.clone()),
        _ => None,
    };
    run.items().filter_map(of).collect()
}

/// Question and README in lower case; the marks of Markdown do no harm.
fn searched(answer: &Answer) -> String {
    let question = questions::by_slug(answer.slug);
    let asked = question.map(|one| format!("{} {}", one.title, one.listens_for));
    format!("{} {} {}", answer.title, asked.unwrap_or_default(), answer.readme).to_lowercase()
}

fn shown(answer: &Answer, rows: &[ShowRow]) -> Vec<String> {
    let paths = rows.iter().filter_map(|row| Some(row.code.as_ref()?.path.clone()));
    paths.filter(|path| answer.sources.iter().any(|source| source.path == path)).collect()
}

/// Minutes to read the text alone, and with the code that the page shows.
fn minutes(answer: &Answer, rows: &[ShowRow]) -> (usize, usize) {
    let words = |text: &str| text.split_whitespace().count();
    let prose = words(answer.readme).div_ceil(PROSE_PER_MINUTE);
    let items = rows.iter().filter_map(|row| show::item(answer, row.code.as_ref()?));
    let code: usize = items.map(|item| words(&item.text)).sum();
    (prose, prose + code.div_ceil(CODE_PER_MINUTE))
}
