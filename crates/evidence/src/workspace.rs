//! Finds the project's folders at run time; a path baked in at build time would be one machine's.

use std::path::{Path, PathBuf};

use crate::Answer;

/// The root of the cargo workspace that the current folder is in, where it is this project's.
#[must_use]
pub fn root() -> Option<PathBuf> {
    root_above(&std::env::current_dir().ok()?)
}

/// Like [`root`], looking upward from `folder`.
#[must_use]
pub fn root_above(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|folder| is_root(folder)).map(Path::to_path_buf)
}

fn is_root(folder: &Path) -> bool {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    manifest.lines().any(|line| line.trim() == "[workspace]")
        && folder.join("crates/evidence").is_dir()
}

/// The folder of an answer below the workspace root, such as `crates/answers/04-log-partitions`.
#[must_use]
pub fn answer_folder(answer: &Answer) -> PathBuf {
    PathBuf::from(format!("crates/answers/{:02}-{}", answer.number, answer.slug))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_found_from_a_folder_deep_inside() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = root_above(&here.join("src")).unwrap();
        assert_eq!(root.join("crates/evidence"), here);
        assert_eq!(root_above(Path::new("/")), None);
    }
}
