//! Performs one demo from its first event to its last.

use std::sync::Arc;
use std::time::Instant;

use crate::{Answer, Event, Interrupt, Machine, Scale, Sink, Stage, Verdict};

/// How a run is to be performed.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// How much data to use.
    pub scale: Scale,
    /// Seed of every random choice.
    pub seed: u64,
    /// What stops the run.
    pub interrupt: Interrupt,
    /// Names of the switches that are flipped, see [`crate::Switch`].
    pub switches: Vec<String>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            scale: Scale::Default,
            seed: 42,
            interrupt: Interrupt::default(),
            switches: Vec::new(),
        }
    }
}

/// Performs `answer` and sends every event to `sink`, the last one being [`Event::Finished`].
///
/// Runs on the calling thread, which must not be an async worker: demos block.
pub fn run(answer: &Answer, options: &RunOptions, sink: Arc<dyn Sink>) -> Verdict {
    let began = Instant::now();
    let stage = Stage::new(sink, options.scale, options.seed, options.interrupt.clone())
        .flipping(&options.switches);
    stage.emit(&Event::Started {
        answer: answer.slug.to_owned(),
        title: answer.title.to_owned(),
        scale: options.scale,
        seed: options.seed,
        machine: Machine::here(),
        switches: options.switches.clone(),
    });
    // A panic in a demo is a failed run with its message, not a dead backend.
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (answer.demo)(&stage)))
        .unwrap_or_else(|_| Err("the demo panicked; its message stands above".into()));
    let (passed, failed) = stage.tally();
    let (verdict, error) = match outcome {
        _ if options.interrupt.requested() => (Verdict::Interrupted, None),
        Err(error) => (Verdict::Failed, Some(error.to_string())),
        Ok(()) if stage.unread_switch().is_some() => (Verdict::Failed, no_such_switch(&stage)),
        Ok(()) if failed > 0 => (Verdict::Failed, None),
        Ok(()) if passed == 0 => (Verdict::Failed, Some("the demo checked nothing".to_owned())),
        Ok(()) => (Verdict::Passed, None),
    };
    let seconds = began.elapsed().as_secs_f64();
    stage.emit(&Event::Finished { verdict, passed, failed, seconds, error });
    verdict
}

/// A switch that the demo never looked at would compare a run with itself.
fn no_such_switch(stage: &Stage) -> Option<String> {
    stage.unread_switch().map(|name| format!("this demo has no switch named {name}"))
}
