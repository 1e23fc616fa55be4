//! tmp
use evidence::{Needs, Outcome, Scale, Stage};
pub(crate) fn needs(_: Scale) -> Needs { Needs::default() }
pub(crate) fn perform(_: &Stage) -> Outcome { Ok(()) }
