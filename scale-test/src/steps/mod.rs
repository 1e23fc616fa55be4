//! The set-ups, each started, checked and stopped by itself.

mod cluster;
mod flow;
mod overload;
mod partitions;
mod pooler;
mod replicas;
mod standby;
mod suite;

use clap::ValueEnum;

use crate::Outcome;
use crate::report::Report;
use crate::run::Run;

/// One set-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Step {
    /// Three replicas behind HAProxy
    Replicas,
    /// PgBouncer in transaction mode
    Pooler,
    /// A streaming replica with read-your-writes
    Standby,
    /// Log partitions on a second PostgreSQL, through postgres_fdw
    Partitions,
    /// Redis Cluster of three masters
    Cluster,
    /// A sale with one, three and ten times the orders that a server can take
    Overload,
    /// The end-to-end tests on all of it
    Suite,
}

impl Step {
    /// Every step, in the order in which one would take them.
    pub(crate) const ALL: [Self; 6] = [
        Self::Replicas,
        Self::Pooler,
        Self::Standby,
        Self::Partitions,
        Self::Cluster,
        Self::Overload,
    ];

    /// The name on the command line and in the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Replicas => "replicas",
            Self::Pooler => "pooler",
            Self::Standby => "standby",
            Self::Partitions => "partitions",
            Self::Cluster => "cluster",
            Self::Overload => "overload",
            Self::Suite => "suite",
        }
    }

    /// Starts it, checks it, stops it.
    pub(crate) fn take(self, run: &Run, report: &mut Report) -> Outcome<()> {
        report.begin(self.name());
        match self {
            Self::Replicas => replicas::take(run, report),
            Self::Pooler => pooler::take(run, report),
            Self::Standby => standby::take(run, report),
            Self::Partitions => partitions::take(run, report),
            Self::Cluster => cluster::take(run, report),
            Self::Overload => overload::take(run, report),
            Self::Suite => suite::take(run, report),
        }
    }
}
