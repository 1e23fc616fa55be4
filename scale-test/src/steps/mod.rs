//! The set-ups, each started, checked and stopped by itself.

mod partitions;
mod replicas;

use clap::ValueEnum;

use crate::Outcome;
use crate::report::Report;
use crate::run::Run;

/// One set-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Step {
    /// Three replicas behind HAProxy
    Replicas,
    /// Log partitions on a second PostgreSQL, through postgres_fdw
    Partitions,
}

impl Step {
    /// Every step, in the order in which one would take them.
    pub(crate) const ALL: [Self; 2] = [Self::Replicas, Self::Partitions];

    /// The name on the command line and in the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Replicas => "replicas",
            Self::Partitions => "partitions",
        }
    }

    /// Starts it, checks it, stops it.
    pub(crate) fn take(self, run: &Run, report: &mut Report) -> Outcome<()> {
        report.begin(self.name());
        match self {
            Self::Replicas => replicas::take(run, report),
            Self::Partitions => partitions::take(run, report),
        }
    }
}
