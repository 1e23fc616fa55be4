//! Responses sorted into groups of the same ones, with what the bisection needs of each.

use std::collections::HashMap;

use super::canonical::{Body, Digest};
use super::headers::{Headers, Seen};

/// Groups whose body is kept to be compared. More differ in a member that is new every time.
const SAMPLES: usize = 32;

/// What came back for one request.
#[derive(Debug)]
pub(super) struct Reply {
    /// 0 where nothing came back.
    pub(super) status: u16,
    /// Lower case; the reason where nothing came back.
    pub(super) media_type: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
}

impl Reply {
    /// No response at all is an answer too, and a different one.
    pub(super) fn failed(reason: String) -> Self {
        let body = Body::Other(Vec::new());
        Self { status: 0, media_type: reason, headers: Vec::new(), body }
    }
}

/// All responses with one digest.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) digest: Digest,
    pub(super) status: u16,
    pub(super) media_type: String,
    pub(super) responses: u32,
    /// Places of the first and the last of them among all, counted from 1.
    pub(super) first: u32,
    pub(super) last: u32,
    /// `X-Request-Id` of the first response, for those who can look it up.
    pub(super) request_id: Option<String>,
    /// `None` from the thirty-third group on, so that memory is bounded by the limit of a body.
    pub(super) sample: Option<Body>,
}

/// One response: its place among all, which group it fell into, and its headers.
#[derive(Debug)]
pub(super) struct Observation {
    pub(super) place: u32,
    pub(super) group: usize,
    pub(super) headers: Vec<Seen>,
}

/// Every response so far. About a hundred bytes for each, and a body for each of the first groups.
#[derive(Debug, Default)]
pub(super) struct Groups {
    pub(super) groups: Vec<Group>,
    pub(super) observations: Vec<Observation>,
    pub(super) headers: Headers,
    by_digest: HashMap<Digest, usize>,
}

impl Groups {
    /// Adds a reply. Its place is that in which it came back, not that of its request: one that
    /// waited long may tell of a later state.
    pub(super) fn add(&mut self, place: u32, reply: Reply) {
        let headers = self.headers.see(&reply.headers);
        let digest = reply.body.digest(reply.status, &reply.media_type);
        let group = match self.by_digest.get(&digest) {
            Some(&group) => group,
            None => self.open(digest, place, reply),
        };
        let known = &mut self.groups[group];
        known.responses += 1;
        known.first = known.first.min(place);
        known.last = known.last.max(place);
        self.observations.push(Observation { place, group, headers });
    }

    fn open(&mut self, digest: Digest, place: u32, reply: Reply) -> usize {
        let index = self.groups.len();
        let id = reply.headers.iter().find(|(name, _)| name == "x-request-id");
        self.groups.push(Group {
            digest,
            status: reply.status,
            request_id: id.map(|(_, value)| value.clone()),
            media_type: reply.media_type,
            responses: 0,
            first: place,
            last: place,
            sample: (index < SAMPLES).then_some(reply.body),
        });
        self.by_digest.insert(digest, index);
        index
    }

    /// The group with the most responses, the earliest of equals; the others are compared with it.
    pub(super) fn largest(&self) -> usize {
        let sampled = self.groups.iter().enumerate().filter(|(_, group)| group.sample.is_some());
        let largest = sampled.max_by_key(|(index, group)| (group.responses, usize::MAX - index));
        largest.map_or(0, |(index, _)| index)
    }
}
