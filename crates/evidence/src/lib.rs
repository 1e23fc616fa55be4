//! The language that demos are written in.
//!
//! A demo performs on a [`Stage`]: it takes steps, climbs a ladder from the wrong variant to the
//! right one, measures, and puts each claim to the test with [`Stage::check`]. What happens is a
//! stream of [`Event`]s; the terminal, the study pages and the recorded runs render that stream.
//!
//! Read in this order: [`Answer`], [`Stage`], [`Event`], then [`run`].

mod answer;
mod chart;
mod chart_text;
pub mod cli;
mod event;
pub mod load;
mod machine;
mod quantity;
pub mod readme;
pub mod record;
pub mod rules;
mod run;
mod sink;
pub mod source;
mod stage;
pub mod statistics;
mod svg;
mod terminal;
mod text;
pub mod workspace;

pub use answer::{Answer, Needs, Source, Switch};
pub use chart::{Bar, Chart, ChartKind, Line, TimelineRow};
pub use event::{BlockKind, Cell, Comparison, Event, Lower, Measurement, RungKind, Story, Verdict};
pub use machine::Machine;
pub use quantity::{Quantity, Scale, Unit};
pub use run::{RunOptions, run};
pub use sink::{JsonLines, Recorder, Tee};
pub use stage::{
    Failure, HookGuard, Interrupt, Interrupted, Ladder, Outcome, Progress, Sink, Stage,
};
pub use terminal::Terminal;
