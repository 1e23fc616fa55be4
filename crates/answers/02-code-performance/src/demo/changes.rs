//! The price of each step: what a reader has to read.

use evidence::{Quantity, Stage};

use crate::steps::STEPS;

/// The baseline and the four steps that change the report itself.
const STEPS_TAKEN: usize = 5;

/// Shows what each step changed in the code.
pub(super) fn show(stage: &Stage) {
    stage.step("What each step changed");
    for pair in STEPS[..STEPS_TAKEN].windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        let changes = changes(before.source, after.source);
        let changed = changes.lines().filter(|line| line.starts_with('+')).count() as u64;
        let id = format!("lines-{}", after.id);
        stage.measure(&id, format!("lines changed: {}", after.name), Quantity::count(changed));
        stage.code(format!("step {}", after.name), changes);
    }
}

/// Lines that are gone (`-`) and new (`+`), by their longest common subsequence.
fn changes(before: &str, after: &str) -> String {
    let [before, after] = [before, after].map(|text| text.lines().collect::<Vec<_>>());
    // common[i][j]: length of the longest common subsequence of before[i..] and after[j..].
    let mut common = vec![vec![0; after.len() + 1]; before.len() + 1];
    for (i, one) in before.iter().enumerate().rev() {
        for (j, other) in after.iter().enumerate().rev() {
            common[i][j] = if one == other {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut text) = (0, 0, String::new());
    while i < before.len() || j < after.len() {
        if i < before.len() && j < after.len() && before[i] == after[j] {
            (i, j) = (i + 1, j + 1);
        } else if i < before.len() && (j == after.len() || common[i + 1][j] >= common[i][j + 1]) {
            text.push_str(&format!("-{}\n", before[i]));
            i += 1;
        } else {
            text.push_str(&format!("+{}\n", after[j]));
            j += 1;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::changes;

    #[test]
    fn changed_lines_are_shown_and_common_ones_are_not() {
        assert_eq!(changes("a\nb\nc\n", "a\nx\nc\nd\n"), "-b\n+x\n+d\n");
        assert_eq!(changes("a\n", "a\n"), "");
        assert_eq!(changes("", "a\n"), "+a\n");
    }
}
