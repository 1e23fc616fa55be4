//! What a value is cached under.

/// A name, and the group that it is forgotten with.
///
/// A group holds what one write makes stale together, such as all pages of one user's lists.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Length of the group, a colon, the group, the name. The length comes first, so that no choice
    /// of names makes two keys the same: both may come from clients.
    text: String,
    group: std::ops::Range<usize>,
}

impl Key {
    /// A key that belongs to no group.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self::in_group("", name)
    }

    /// A key of a group, such as `Key::in_group("user 17", "first page")`.
    #[must_use]
    pub fn in_group(group: &str, name: &str) -> Self {
        let text = format!("{}:{group}{name}", group.len());
        let end = text.len() - name.len();
        Self { text, group: end - group.len()..end }
    }

    /// The group; empty for a key without one.
    #[must_use]
    pub fn group(&self) -> &str {
        &self.text[self.group.clone()]
    }

    /// Group and name as one text, the same in both levels.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl From<&str> for Key {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<&String> for Key {
    fn from(name: &String) -> Self {
        Self::new(name)
    }
}

impl From<&Key> for Key {
    fn from(key: &Key) -> Self {
        key.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_imitate_another_group_stay_apart() {
        let keys = [
            Key::in_group("a", "bc"),
            Key::in_group("ab", "c"),
            Key::in_group("", "abc"),
            Key::in_group("a", ":b"),
            Key::in_group("a:", "b"),
            Key::new("1:abc"),
        ];
        for (index, key) in keys.iter().enumerate() {
            for other in &keys[..index] {
                assert_ne!(key.text(), other.text(), "{key:?} and {other:?}");
            }
        }
        assert_eq!(keys.each_ref().map(Key::group), ["a", "ab", "", "a", "a:", ""]);
    }
}
