//! Which crate may depend on which (docs/architecture.md).

use std::collections::BTreeMap;

use cargo_metadata::Metadata;

/// `package → the workspace packages it depends on`, in whatever way (normal, build or dev).
pub type Arrows = BTreeMap<String, Vec<String>>;

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
