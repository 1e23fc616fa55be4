//! Which crate may depend on which, and which ones do, read from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{Metadata, MetadataCommand};
use evidence::workspace;

/// `package → the workspace packages it depends on`, in whatever way (normal, build or dev).
pub type Arrows = BTreeMap<String, Vec<String>>;

/// The crates could not be asked for.
#[derive(Debug)]
pub enum Unread {
    /// Nothing above the current folder is this repository.
    AwayFromHome,
    /// `cargo` is not there, or refused.
    Cargo(cargo_metadata::Error),
}

impl std::fmt::Display for Unread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AwayFromHome => f.write_str(
                "this is not run inside the repository, and the crates are read from its \
                 manifests: clone it, and run this there",
            ),
            Self::Cargo(error) => write!(f, "`cargo metadata` failed: {error}"),
        }
    }
}

impl std::error::Error for Unread {}

/// The arrows of the repository that the current folder is in.
///
/// # Errors
/// See [`Unread`].
pub fn read() -> Result<Arrows, Unread> {
    let root = workspace::root().ok_or(Unread::AwayFromHome)?;
    let mut command = MetadataCommand::new();
    let metadata = command.manifest_path(root.join("Cargo.toml")).no_deps().exec();
    metadata.map(|metadata| arrows(&metadata)).map_err(Unread::Cargo)
}

/// The floor of a package; answers stand on 4 unless listed otherwise.
#[must_use]
pub fn floor(package: &str) -> u8 {
    match package {
        "evidence" | "local-services" => 0,
        "error-handling" => 1,
        "foundation" => 2,
        "auth" | "caching" | "web-security" | "background-jobs" => 3,
        "backend" => 5,
        "end-to-end" => 6,
        _ => 4,
    }
}

/// Reads the arrows between the packages of the workspace.
#[must_use]
pub fn arrows(metadata: &Metadata) -> Arrows {
    let packages = metadata.workspace_packages();
    let is_ours = |name: &str| packages.iter().any(|package| package.name.as_str() == name);
    let arrows = packages.iter().map(|package| {
        let ours = package.dependencies.iter().filter(|dependency| is_ours(&dependency.name));
        let targets = ours.map(|dependency| dependency.name.clone()).collect();
        (package.name.to_string(), targets)
    });
    arrows.collect()
}

/// Every arrow that does not run down, as a sentence. A package may point at itself, as its tests
/// do to switch a feature on.
#[must_use]
pub fn violations(arrows: &Arrows) -> Vec<String> {
    let mut violations = Vec::new();
    for (from, targets) in arrows {
        for to in targets.iter().filter(|to| *to != from) {
            if floor(to) >= floor(from) {
                violations.push(format!(
                    "{from} (floor {}) depends on {to} (floor {}): only floors below are allowed",
                    floor(from),
                    floor(to)
                ));
            }
        }
    }
    violations
}

/// The arrows without those that follow from others: of a → b, b → c and a → c the last is left
/// out (the transitive reduction), or a picture would be all lines.
#[must_use]
pub fn without_implied(arrows: &Arrows) -> Arrows {
    let kept = arrows.iter().map(|(from, targets)| {
        let direct: BTreeSet<&String> = targets.iter().filter(|to| *to != from).collect();
        let behind: BTreeSet<&str> = direct.iter().flat_map(|to| below(arrows, to)).collect();
        let kept = direct.into_iter().filter(|to| !behind.contains(to.as_str())).cloned();
        (from.clone(), kept.collect())
    });
    kept.collect()
}

/// Everything that can be reached from a package, without itself.
fn below<'a>(arrows: &'a Arrows, from: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut left = vec![from];
    while let Some(package) = left.pop() {
        for to in arrows.get(package).into_iter().flatten() {
            if to != package && found.insert(to.as_str()) {
                left.push(to);
            }
        }
    }
    found
}
