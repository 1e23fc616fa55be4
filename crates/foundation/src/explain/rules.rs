//! What a plan has to keep, whatever the table comes to hold.

use super::PlanTree;

/// Rules for the plan of a hot query; they count what was done and know no times, so they say the
/// same on every machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanRules {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    NoSeqScan(String),
    NoSeqScans,
    NoSort,
    UsesIndex(String),
    AtMostBuffers(u64),
    AtMostRowsRead(u64),
}

impl PlanRules {
    /// The table or partition of this name is not read from end to end. Mind tests with few rows:
    /// for those the planner rightly reads the whole table.
    #[must_use]
    pub fn no_seq_scan(self, relation: &str) -> Self {
        self.with(Rule::NoSeqScan(relation.to_owned()))
    }

    /// No table at all is read from end to end; for partitioned tables.
    #[must_use]
    pub fn no_seq_scans(self) -> Self {
        self.with(Rule::NoSeqScans)
    }

    /// The rows come in order and nothing is sorted, not even a part of them.
    #[must_use]
    pub fn no_sort(self) -> Self {
        self.with(Rule::NoSort)
    }

    /// This index is read.
    #[must_use]
    pub fn uses_index(self, index: &str) -> Self {
        self.with(Rule::UsesIndex(index.to_owned()))
    }

    /// At most so many buffers of 8 KiB are read.
    #[must_use]
    pub fn at_most_buffers(self, most: u64) -> Self {
        self.with(Rule::AtMostBuffers(most))
    }

    /// Scans look at no more than so many rows, rejected ones included.
    #[must_use]
    pub fn at_most_rows_read(self, most: u64) -> Self {
        self.with(Rule::AtMostRowsRead(most))
    }

    /// A sentence for each rule that the plan breaks; empty where it keeps all.
    #[must_use]
    pub fn violations(&self, plan: &PlanTree) -> Vec<String> {
        self.rules.iter().filter_map(|rule| rule.violation(plan)).collect()
    }

    fn with(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }
}

impl Rule {
    fn violation(&self, plan: &PlanTree) -> Option<String> {
        let sentence = |broken: bool, sentence: String| broken.then_some(sentence);
        match self {
            Self::NoSeqScan(relation) => {
                let whole = plan.relations_scanned_whole().contains(relation.as_str());
                sentence(whole, format!("{relation} is read from end to end"))
            }
            Self::NoSeqScans => {
                let whole = Vec::from_iter(plan.relations_scanned_whole());
                sentence(!whole.is_empty(), format!("read from end to end: {}", whole.join(", ")))
            }
            Self::NoSort => {
                let mut kinds = plan.nodes().into_iter().map(|(_, node)| node.kind.as_str());
                let sort = kinds.find(|kind| matches!(*kind, "Sort" | "Incremental Sort"));
                sort.map(|kind| format!("the rows do not come in order: {kind}"))
            }
            Self::UsesIndex(index) => {
                let used = plan.indexes_used().contains(index.as_str());
                sentence(!used, format!("the index {index} is not used"))
            }
            Self::AtMostBuffers(most) => {
                let read = plan.buffers();
                sentence(read > *most, format!("{read} buffers are read, at most {most} may be"))
            }
            Self::AtMostRowsRead(most) => {
                let read = plan.rows_read();
                sentence(read > *most, format!("{read} rows are looked at, at most {most} may be"))
            }
        }
    }
}

/// [`PlanRules`] for tests: each panics with the plan when it is broken, for example
/// `PlanGuard::of(&plan).no_seq_scan("users").at_most_buffers(10).uses_index("users_pkey")`.
#[cfg(feature = "testing")]
#[derive(Clone, Copy, Debug)]
pub struct PlanGuard<'plan> {
    plan: &'plan PlanTree,
}

#[cfg(feature = "testing")]
#[allow(clippy::return_self_not_must_use)] // Each call has already checked.
impl<'plan> PlanGuard<'plan> {
    /// A guard of this plan.
    #[must_use]
    pub fn of(plan: &'plan PlanTree) -> Self {
        Self { plan }
    }

    /// See [`PlanRules::no_seq_scan`].
    ///
    /// # Panics
    /// When the rule is broken.
    #[track_caller]
    pub fn no_seq_scan(self, relation: &str) -> Self {
        self.keeps(&PlanRules::default().no_seq_scan(relation))
    }

    /// See [`PlanRules::no_seq_scans`].
    ///
    /// # Panics
    /// When the rule is broken.
    #[track_caller]
    pub fn no_seq_scans(self) -> Self {
        self.keeps(&PlanRules::default().no_seq_scans())
    }

    /// See [`PlanRules::no_sort`].
    ///
    /// # Panics
    /// When the rule is broken.
    #[track_caller]
    pub fn no_sort(self) -> Self {
        self.keeps(&PlanRules::default().no_sort())
    }

    /// See [`PlanRules::uses_index`].
    ///
    /// # Panics
    /// When the rule is broken.
    #[track_caller]
    pub fn uses_index(self, index: &str) -> Self {
        self.keeps(&PlanRules::default().uses_index(index))
    }

    /// See [`PlanRules::at_most_buffers`].
    ///
    /// # Panics
    /// When the rule is broken.
    #[track_caller]
    pub fn at_most_buffers(self, most: u64) -> Self {
        self.keeps(&PlanRules::default().at_most_buffers(most))
    }

    /// See [`PlanRules::at_most_rows_read`].
    ///
    /// # Panics
    /// When the rule is broken.
    #[track_caller]
    pub fn at_most_rows_read(self, most: u64) -> Self {
        self.keeps(&PlanRules::default().at_most_rows_read(most))
    }

    /// All the rules that a crate keeps for a query.
    ///
    /// # Panics
    /// When one is broken; the message has every sentence and the plan.
    #[track_caller]
    pub fn keeps(self, rules: &PlanRules) -> Self {
        let violations = rules.violations(self.plan);
        let broken = violations.join("; ");
        assert!(violations.is_empty(), "the plan degraded: {broken}\n{}", self.plan.text());
        self
    }
}
