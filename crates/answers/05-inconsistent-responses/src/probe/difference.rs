//! What differs between the groups, one entry for each reason there may be.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::canonical::Body;
use super::cause::Cause;
use super::compare::{Kind, Place, compare};
use super::evidence::{Bisection, Evidence, Sighting};
use super::groups::{Group, Groups};

/// Differences that are reported; a body that is new throughout has as many as it has members.
const MOST: usize = 20;
/// Pairs of status and media type that are told apart.
const HEADS: usize = 16;
/// Letters of a value that are kept.
const LETTERS: usize = 500;

/// Places that differ together: their values split the responses in the same way.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// In what way.
    pub kind: Kind,
    /// JSON pointers with `*` for array indexes.
    pub patterns: Vec<String>,
    /// JSON pointer of one such place.
    pub pointer: String,
    /// What stands there, that of the largest group first.
    pub variants: Vec<Variant>,
    /// What separates the variants.
    pub evidence: Vec<Evidence>,
    /// What follows from it.
    pub cause: Cause,
}

/// One of the values at a place.
#[derive(Clone, Debug, Serialize)]
pub struct Variant {
    /// As JSON; `None` where the member is missing.
    pub value: Option<String>,
    /// How many responses had it.
    pub responses: u32,
}

/// Which variant the responses of a group have; groups that were not compared are missing.
type Partition = BTreeMap<usize, usize>;

/// Where a group differs from the largest one, for one pattern.
type ByGroup = BTreeMap<usize, Vec<Place>>;

/// Pointer of a place, whether something stands there, and what.
type Trait<'place> = (&'place str, bool, Option<&'place str>);

/// Groups, and what their differences are bisected by.
pub(super) struct Comparison<'run> {
    pub(super) groups: &'run Groups,
    pub(super) bisection: Bisection<'run>,
}

impl Comparison<'_> {
    /// All that differs, each with its cause.
    pub(super) fn differences(&self) -> Vec<Difference> {
        let mut joined: BTreeMap<(Kind, Partition), Vec<(String, ByGroup)>> = BTreeMap::new();
        for ((kind, pattern), by_group) in self.places() {
            let partition = self.partition(kind, &by_group);
            joined.entry((kind, partition)).or_default().push((pattern, by_group));
        }
        let bodies = joined
            .into_iter()
            .filter_map(|((kind, partition), places)| self.of_bodies(kind, &partition, &places));
        self.of_heads().into_iter().chain(bodies).take(MOST).collect()
    }

    /// Every group has a head, so this counts all responses, also those whose body was not kept.
    fn of_heads(&self) -> Option<Difference> {
        let mut heads: Vec<Variant> = Vec::new();
        let mut partition = Partition::new();
        for (index, group) in self.groups.groups.iter().enumerate() {
            let head = Some(group.head());
            let known = heads.iter().position(|variant| variant.value == head);
            let variant = known.unwrap_or(heads.len()).min(HEADS - 1);
            if variant == heads.len() {
                heads.push(Variant { value: head, responses: 0 });
            }
            heads[variant].responses += group.responses;
            partition.insert(index, variant);
        }
        let pointer = "status and media type".to_owned();
        let patterns = vec![pointer.clone()];
        (heads.len() > 1).then(|| self.conclude(Kind::Head, patterns, pointer, heads, &partition))
    }

    fn of_bodies(
        &self,
        kind: Kind,
        partition: &Partition,
        places: &[(String, ByGroup)],
    ) -> Option<Difference> {
        let (_, by_group) = places.first()?;
        let example = by_group.values().next()?.first()?;
        let variants = self.variants(partition, by_group, example);
        let patterns = places.iter().map(|(pattern, _)| pattern.clone()).collect();
        Some(self.conclude(kind, patterns, example.pointer.clone(), variants, partition))
    }

    fn conclude(
        &self,
        kind: Kind,
        patterns: Vec<String>,
        pointer: String,
        variants: Vec<Variant>,
        partition: &Partition,
    ) -> Difference {
        let sightings = self.sightings(partition);
        let mut evidence = self.bisection.evidence(&sightings, variants.len());
        let instance = self.bisection.instance;
        let cause = Cause::of(kind, &evidence, variants.len(), sightings.len(), instance);
        if cause == Cause::Volatile {
            // Whatever is new each time is separated by anything.
            evidence.clear();
        }
        Difference { kind, patterns, pointer, variants, evidence, cause }
    }

    fn places(&self) -> BTreeMap<(Kind, String), ByGroup> {
        let mut all: BTreeMap<(Kind, String), ByGroup> = BTreeMap::new();
        for (index, group) in self.compared() {
            for place in differing(&self.groups.groups[self.groups.largest()], group) {
                let facet = all.entry((place.kind, place.pattern.clone())).or_default();
                facet.entry(index).or_default().push(place);
            }
        }
        all
    }

    /// Bodies are compared where they were kept, and came with the same status and media type.
    fn compared(&self) -> impl Iterator<Item = (usize, &Group)> {
        let reference = self.groups.groups.get(self.groups.largest()).map(Group::head);
        let all = self.groups.groups.iter().enumerate();
        all.filter(move |(_, group)| group.sample.is_some() && Some(group.head()) == reference)
    }

    /// Groups that differ from the largest in the same way have the same variant; its own is 0.
    fn partition(&self, kind: Kind, by_group: &ByGroup) -> Partition {
        let mut known: HashMap<Vec<Trait<'_>>, usize> = HashMap::from([(Vec::new(), 0)]);
        let variant = |(index, _)| {
            let places = by_group.get(&index).map(Vec::as_slice).unwrap_or_default();
            let signature = places.iter().map(|place| {
                // A member that is missing here is missing, whatever it is elsewhere.
                let value = place.right.as_deref().filter(|_| kind != Kind::Shape);
                (place.pointer.as_str(), place.right.is_some(), value)
            });
            let next = known.len();
            (index, *known.entry(signature.collect()).or_insert(next))
        };
        self.compared().map(variant).collect()
    }

    fn variants(&self, partition: &Partition, by_group: &ByGroup, example: &Place) -> Vec<Variant> {
        let count = partition.values().max().map_or(0, |most| most + 1);
        let usual = Variant { value: example.left.as_deref().map(limited), responses: 0 };
        let mut variants = vec![usual; count];
        for (index, variant) in partition {
            let Some(variant) = variants.get_mut(*variant) else { continue };
            variant.responses += self.groups.groups[*index].responses;
            let places = by_group.get(index).into_iter().flatten();
            if let Some(place) = places.into_iter().find(|one| one.pointer == example.pointer) {
                variant.value = place.right.as_deref().map(limited);
            }
        }
        variants
    }

    fn sightings(&self, partition: &Partition) -> Vec<Sighting<'_>> {
        let seen = self.groups.observations.iter().filter_map(|one| {
            let variant = *partition.get(&one.group)?;
            Some(Sighting { place: one.place, variant, headers: &one.headers })
        });
        seen.collect()
    }
}

fn differing(reference: &Group, other: &Group) -> Vec<Place> {
    match (&reference.sample, &other.sample) {
        (Some(Body::Json(left)), Some(Body::Json(right))) => compare(left, right),
        (Some(left), Some(right)) if left != right => vec![Place {
            kind: Kind::Value,
            pointer: String::new(),
            pattern: String::new(),
            left: Some(left.text()),
            right: Some(right.text()),
        }],
        _ => Vec::new(),
    }
}

impl Group {
    fn head(&self) -> String {
        match self.status {
            0 => self.media_type.clone(),
            status => format!("{status} {}", self.media_type),
        }
    }
}

impl Body {
    fn text(&self) -> String {
        match self {
            Self::Json(value) => value.to_string(),
            Self::Other(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        }
    }
}

fn limited(value: &str) -> String {
    value.chars().take(LETTERS).collect()
}
