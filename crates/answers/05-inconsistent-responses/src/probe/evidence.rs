//! Bisection: which header, instance or moment separates the variants of a difference.

use std::collections::BTreeSet;

use serde::Serialize;

use super::headers::{Headers, Seen};

/// Responses for each value of a header, at least; with fewer it separates by chance.
const RESPONSES_PER_VALUE: usize = 4;
/// Responses of a variant, at least, of which it is no chance that all came from some instances.
const ENOUGH: usize = 8;
/// Values of a header that are shown for one variant.
const SHOWN: usize = 4;
const MISSING: &str = "(none)";
/// The header that tells how old a copy is.
pub(super) const AGE: &str = "age";

/// Something that separates the variants of a difference, as far as this run shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// No value of this header came with two variants.
    Header {
        /// Its name.
        name: String,
        /// Its values, or their range, for each variant.
        values: Vec<String>,
    },
    /// One variant came from some of the instances only.
    Confined {
        /// Which variant, counted from 0.
        variant: usize,
        /// The header that names instances.
        name: String,
        /// Those from which it came.
        values: Vec<String>,
    },
    /// One variant followed the other, everywhere at once.
    Time {
        /// The first response with the later one.
        from_response: u32,
    },
    /// One variant followed the other on one instance, while others did not change.
    TimeWithin {
        /// Value of the header that names instances.
        instance: String,
        /// The first response with the later one there.
        from_response: u32,
    },
}

/// One response, as far as one difference is concerned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sighting<'groups> {
    pub(super) place: u32,
    pub(super) variant: usize,
    pub(super) headers: &'groups [Seen],
}

/// What responses are bisected by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bisection<'run> {
    pub(super) headers: &'run Headers,
    /// The header that names instances.
    pub(super) instance: &'run str,
    /// Requests in flight: in which order they were answered is not known.
    pub(super) concurrency: u32,
}

impl Bisection<'_> {
    /// All that separates these variants, the strictest first.
    pub(super) fn evidence(&self, sightings: &[Sighting<'_>], variants: usize) -> Vec<Evidence> {
        if variants < 2 {
            return Vec::new();
        }
        let by_header = |name| self.by_header(name, sightings, variants);
        let mut evidence: Vec<_> = self.headers.telling().filter_map(by_header).collect();
        let everywhere = self.by_time(sightings, variants);
        let at_once = everywhere.is_some();
        evidence.extend(everywhere.map(|from_response| Evidence::Time { from_response }));
        if !evidence.iter().any(|one| one.names(self.instance)) {
            evidence.extend(self.confined(sightings, variants));
        }
        if !at_once {
            evidence.extend(self.within(sightings, variants));
        }
        evidence
    }

    fn by_header(
        &self,
        name: &str,
        sightings: &[Sighting<'_>],
        variants: usize,
    ) -> Option<Evidence> {
        let values = self.values(name, sightings, variants);
        let distinct: BTreeSet<&str> = values.iter().flatten().copied().collect();
        // Ages are many on a slow machine, and mean what they say (RFC 9111, 5.1).
        if name != AGE && distinct.len() * RESPONSES_PER_VALUE > sightings.len() {
            return None;
        }
        let shown = ranges(&values).or_else(|| disjoint(&values, distinct.len()))?;
        Some(Evidence::Header { name: name.to_owned(), values: shown })
    }

    /// The values of a header that came with each variant.
    fn values<'s>(
        &'s self,
        name: &str,
        sightings: &[Sighting<'_>],
        variants: usize,
    ) -> Vec<BTreeSet<&'s str>> {
        let mut values = vec![BTreeSet::new(); variants];
        let value = self.headers.reader(name);
        for sighting in sightings {
            values[sighting.variant].insert(value(sighting.headers).unwrap_or(MISSING));
        }
        values
    }

    /// The moment of a single change from one variant to another.
    fn by_time(&self, sightings: &[Sighting<'_>], variants: usize) -> Option<u32> {
        let mut spans = vec![None::<(u32, u32)>; variants];
        for Sighting { place, variant, .. } in sightings {
            let (first, last) = spans[*variant].get_or_insert((*place, *place));
            (*first, *last) = ((*first).min(*place), (*last).max(*place));
        }
        let mut spans: Vec<(u32, u32)> = spans.into_iter().flatten().collect();
        spans.sort_unstable();
        let in_turn = |pair: &[(u32, u32)]| pair[0].1 < pair[1].0 + self.concurrency;
        (spans.len() > 1 && spans.windows(2).all(in_turn)).then(|| spans[1].0)
    }

    fn confined(&self, sightings: &[Sighting<'_>], variants: usize) -> Vec<Evidence> {
        let values = self.values(self.instance, sightings, variants);
        let all: BTreeSet<&str> = values.iter().flatten().copied().collect();
        let seen = |variant| sightings.iter().filter(|one| one.variant == variant).count();
        let some = values
            .iter()
            .enumerate()
            .filter(|(variant, some)| some.len() < all.len() && seen(*variant) >= ENOUGH);
        some.map(|(variant, some)| Evidence::Confined {
            variant,
            name: self.instance.to_owned(),
            values: some.iter().take(SHOWN).map(|&value| value.to_owned()).collect(),
        })
        .collect()
    }

    fn within(&self, sightings: &[Sighting<'_>], variants: usize) -> Vec<Evidence> {
        let instances = self.values(self.instance, sightings, variants);
        let instances: BTreeSet<&str> = instances.into_iter().flatten().collect();
        let named = self.headers.reader(self.instance);
        let change = |instance: &str| {
            let of_it = sightings.iter().filter(|one| named(one.headers) == Some(instance));
            self.by_time(&of_it.copied().collect::<Vec<_>>(), variants)
        };
        let changes = instances.into_iter().take(SHOWN).filter_map(|instance| {
            let from_response = change(instance)?;
            Some(Evidence::TimeWithin { instance: instance.to_owned(), from_response })
        });
        changes.collect()
    }
}

impl Evidence {
    /// Whether it is this header that separates.
    pub(super) fn names(&self, header: &str) -> bool {
        matches!(self, Self::Header { name, .. } if name == header)
    }
}

/// Numbers separate where their ranges do not overlap, such as the ages of copies.
fn ranges(values: &[BTreeSet<&str>]) -> Option<Vec<String>> {
    let mut ranges = Vec::with_capacity(values.len());
    for (variant, values) in values.iter().enumerate() {
        let numbers: Result<Vec<u64>, _> = values.iter().map(|value| value.parse()).collect();
        let numbers = numbers.ok()?;
        ranges.push((*numbers.iter().min()?, *numbers.iter().max()?, variant));
    }
    let text = |(low, high, _): &(u64, u64, usize)| match low == high {
        true => low.to_string(),
        false => format!("{low} to {high}"),
    };
    let shown = ranges.iter().map(text).collect();
    ranges.sort_unstable();
    ranges.windows(2).all(|pair| pair[0].1 < pair[1].0).then_some(shown)
}

fn disjoint(values: &[BTreeSet<&str>], distinct: usize) -> Option<Vec<String>> {
    let apart = values.iter().map(BTreeSet::len).sum::<usize>() == distinct;
    let text = |values: &BTreeSet<&str>| {
        let mut shown: Vec<&str> = values.iter().copied().take(SHOWN).collect();
        shown.extend((values.len() > SHOWN).then_some("…"));
        shown.join(", ")
    };
    apart.then(|| values.iter().map(text).collect())
}

#[cfg(test)]
mod tests;
