//! Two ways to find a number in a list; put what your answer is about in their place.

use std::cmp::Ordering;

/// What a search found, and what it cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search {
    /// The place of the number, where it is there.
    pub found: Option<usize>,
    /// Numbers that were looked at.
    pub looks: u64,
}

/// Looks at one after the other.
#[must_use]
pub fn in_order(list: &[u64], wanted: u64) -> Search {
    let found = list.iter().position(|number| *number == wanted);
    let looks = found.map_or(list.len(), |place| place + 1) as u64;
    Search { found, looks }
}

/// Halves the list at each look; `sorted` has to be in ascending order.
#[must_use]
pub fn halving(sorted: &[u64], wanted: u64) -> Search {
    let (mut low, mut high, mut looks) = (0, sorted.len(), 0);
    while low < high {
        let middle = usize::midpoint(low, high);
        looks += 1;
        match sorted[middle].cmp(&wanted) {
            Ordering::Equal => return Search { found: Some(middle), looks },
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
        }
    }
    Search { found: None, looks }
}
