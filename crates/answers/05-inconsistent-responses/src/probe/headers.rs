//! Response headers, each name and value kept once.

use std::collections::HashMap;

/// Distinct values of a header after which it is of no use: it is new in every response.
const VALUES: usize = 256;
/// Distinct names; a server that sends more is left with the first ones.
const NAMES: usize = 64;

/// Follow from the body, or differ in every response: whatever they separate proves nothing.
const NOISE: [&str; 14] = [
    "connection",
    "content-digest",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "etag",
    "expires",
    "keep-alive",
    "last-modified",
    "repr-digest",
    "set-cookie",
    "traceparent",
    "transfer-encoding",
];
/// Begin the names of identifiers and counters, which are noise as well.
const NOISE_PREFIXES: [&str; 5] =
    ["ratelimit", "x-ratelimit", "x-request-id", "x-correlation-id", "x-trace"];

/// A header of one response, as indexes into [`Headers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    name: u16,
    value: u16,
}

#[derive(Debug)]
struct Header {
    name: String,
    values: Vec<String>,
    by_value: HashMap<String, u16>,
    too_many: bool,
}

/// The headers of all responses.
#[derive(Debug, Default)]
pub(super) struct Headers {
    all: Vec<Header>,
}

impl Headers {
    /// Notes the headers of a response that may tell where it came from.
    pub(super) fn see(&mut self, headers: &[(String, String)]) -> Vec<Seen> {
        let telling = headers.iter().filter(|(name, _)| !is_noise(name));
        telling.filter_map(|(name, value)| self.note(name, value)).collect()
    }

    fn note(&mut self, name: &str, value: &str) -> Option<Seen> {
        let index = match self.all.iter().position(|header| header.name == name) {
            Some(index) => index,
            None if self.all.len() < NAMES => {
                let name = name.to_owned();
                let (values, by_value) = (Vec::new(), HashMap::new());
                self.all.push(Header { name, values, by_value, too_many: false });
                self.all.len() - 1
            }
            None => return None,
        };
        let value = self.all[index].note(value)?;
        Some(Seen { name: u16::try_from(index).ok()?, value })
    }

    /// Names of the headers that were not new in every response.
    pub(super) fn telling(&self) -> impl Iterator<Item = &str> {
        self.all.iter().filter(|header| !header.too_many).map(|header| header.name.as_str())
    }

    /// What finds the value of the header of that name among those of one response.
    pub(super) fn reader<'all>(
        &'all self,
        name: &str,
    ) -> impl Fn(&[Seen]) -> Option<&'all str> + use<'all> {
        let index = self.all.iter().position(|header| header.name == name);
        move |headers| {
            let index = index?;
            let seen = headers.iter().find(|seen| usize::from(seen.name) == index)?;
            self.all[index].values.get(usize::from(seen.value)).map(String::as_str)
        }
    }
}

impl Header {
    fn note(&mut self, value: &str) -> Option<u16> {
        if let Some(&known) = self.by_value.get(value) {
            return Some(known);
        }
        if self.values.len() == VALUES {
            self.too_many = true;
            return None;
        }
        let index = u16::try_from(self.values.len()).ok()?;
        self.values.push(value.to_owned());
        self.by_value.insert(value.to_owned(), index);
        Some(index)
    }
}

fn is_noise(name: &str) -> bool {
    NOISE.contains(&name) || NOISE_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
