//! Two plans side by side, with what differs marked between them.

use evidence::Quantity;
use foundation::explain::{PlanNode, PlanTree};

/// Width of one plan: two of them, what stands between and the frame around fit in 80 columns.
const COLUMN: usize = 35;

/// Between two lines that say the same.
const SAME: &str = "│";
/// Between two lines that say different things.
const DIFFERENT: &str = "≠";
/// A line that only the left plan has.
const LEFT: &str = "◂";
/// A line that only the right plan has.
const RIGHT: &str = "▸";

/// A node and its depth in the plan.
type Node<'plan> = (usize, &'plan PlanNode);

/// Both plans as text, line by line. Nodes that do the same kind of work stand opposite each
/// other, such as two ways to scan a table, however deep they are.
#[must_use]
pub fn beside(left: (&str, &PlanTree), right: (&str, &PlanTree)) -> String {
    let mut lines =
        vec![line(left.0, SAME, right.0), "─".repeat(COLUMN) + "─┼─" + &"─".repeat(COLUMN)];
    for (one, other) in opposite(&left.1.nodes(), &right.1.nodes()) {
        let (one, other) = (facts(one), facts(other));
        for (one, other) in one.iter().zip(&other) {
            lines.extend(rows(one.as_deref(), other.as_deref()));
        }
    }
    lines.push(String::new());
    lines
        .push(format!("{SAME} same   {DIFFERENT} differs   {LEFT} left only   {RIGHT} right only"));
    lines.join("\n") + "\n"
}

/// Pairs the nodes by a longest common subsequence of their kinds, so that order is kept and as
/// many as possible stand opposite each other. Plans have few nodes; quadratic is fine.
fn opposite<'plan>(
    left: &[Node<'plan>],
    right: &[Node<'plan>],
) -> Vec<(Option<Node<'plan>>, Option<Node<'plan>>)> {
    let common = common_lengths(left, right);
    let (mut at, mut other) = (0, 0);
    let mut pairs = Vec::new();
    while at < left.len() || other < right.len() {
        let (one, two) = (left.get(at).copied(), right.get(other).copied());
        match (one, two) {
            (Some(left), Some(right)) if work(left.1) == work(right.1) => {
                pairs.push((one, two));
                (at, other) = (at + 1, other + 1);
            }
            (Some(_), two) if two.is_none() || common[at + 1][other] >= common[at][other + 1] => {
                pairs.push((one, None));
                at += 1;
            }
            _ => {
                pairs.push((None, two));
                other += 1;
            }
        }
    }
    pairs
}

/// How many nodes from `left[i..]` and `right[j..]` can stand opposite each other.
fn common_lengths(left: &[Node<'_>], right: &[Node<'_>]) -> Vec<Vec<usize>> {
    let mut common = vec![vec![0; right.len() + 1]; left.len() + 1];
    for i in (0..left.len()).rev() {
        for j in (0..right.len()).rev() {
            common[i][j] = if work(left[i].1) == work(right[j].1) {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    common
}

/// The kind of work: every way to get rows out of a table is one, every way to sort another.
fn work(node: &PlanNode) -> &str {
    match node.kind.as_str() {
        "Seq Scan" | "Index Scan" | "Index Only Scan" | "Bitmap Heap Scan" => "scan",
        "Sort" | "Incremental Sort" => "sort",
        kind => kind,
    }
}

/// What is said about a node: always as many facts, so that two nodes can be compared one by one.
fn facts(node: Option<Node<'_>>) -> Vec<Option<String>> {
    let Some((depth, node)) = node else { return vec![None; FACTS] };
    let count = Quantity::count;
    let indented = |deeper: usize, text: String| format!("{:1$}{text}", "", 2 * depth + deeper);
    let named = |word: &str, name: &Option<String>| {
        name.as_ref().map(|name| indented(2, format!("{word} {name}")))
    };
    let detail = |wanted: &str| {
        let found = node.details.iter().find(|(name, _)| *name == wanted);
        found.map(|(name, value)| indented(2, format!("{name} {}", readable(value))))
    };
    let rows = format!("rows {}, expected {}", count(node.rows), count(node.estimated_rows));
    let rejected = (node.rejected_rows > 0)
        .then(|| indented(2, format!("rejected {}", count(node.rejected_rows))));
    let mut facts = vec![
        Some(indented(0, node.kind.clone())),
        named("on", &node.relation),
        named("using", &node.index),
        Some(indented(2, rows)),
        rejected,
        Some(indented(2, format!("buffers {}", count(node.buffers)))),
    ];
    facts.extend(SHOWN_DETAILS.map(detail));
    facts
}

const SHOWN_DETAILS: [&str; 4] = ["Index Cond", "Filter", "Hash Cond", "Sort Key"];
/// Facts about a node: six about every one, and its conditions.
const FACTS: usize = 6 + SHOWN_DETAILS.len();

/// A condition without what PostgreSQL adds so that it could be parsed again.
fn readable(condition: &str) -> String {
    let mut text = condition.to_owned();
    for cast in ["::timestamp with time zone", "::order_status", " 00:00:00+00"] {
        text = text.replace(cast, "");
    }
    text
}

/// One fact of both plans; wraps where it is longer than a column.
fn rows(left: Option<&str>, right: Option<&str>) -> Vec<String> {
    let mark = match (left, right) {
        (None, None) => return Vec::new(),
        (Some(_), None) => LEFT,
        (None, Some(_)) => RIGHT,
        // Compared without the indentation: the same node may be at another depth.
        (Some(one), Some(other)) if one.trim_start() == other.trim_start() => SAME,
        (Some(_), Some(_)) => DIFFERENT,
    };
    let [left, right] = [left, right].map(|text| wrapped(text.unwrap_or_default()));
    let height = left.len().max(right.len());
    let at = |lines: &[String], index: usize| lines.get(index).cloned().unwrap_or_default();
    (0..height).map(|index| line(&at(&left, index), mark, &at(&right, index))).collect()
}

fn line(left: &str, mark: &str, right: &str) -> String {
    format!("{left:<COLUMN$} {mark} {right}").trim_end().to_owned()
}

/// Breaks at spaces; what follows stands two deeper than its beginning. A word that is longer than
/// a column is cut, as nothing may push the other plan aside.
fn wrapped(text: &str) -> Vec<String> {
    let indent = text.len() - text.trim_start().len();
    let mut lines = Vec::new();
    let mut current = " ".repeat(indent);
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        let gap = usize::from(!current.trim_start().is_empty());
        if current.chars().count() + gap + word.len() > COLUMN && gap == 1 {
            lines.push(std::mem::replace(&mut current, " ".repeat(indent + 2)));
        } else if gap == 1 {
            current.push(' ');
        }
        while current.chars().count() + word.len() > COLUMN {
            let room = COLUMN.saturating_sub(current.chars().count()).max(1);
            current.extend(word.drain(..room.min(word.len())));
            lines.push(std::mem::replace(&mut current, " ".repeat((indent + 2).min(COLUMN / 2))));
        }
        current.extend(word);
    }
    lines.push(current);
    lines
}

#[cfg(test)]
mod tests;
