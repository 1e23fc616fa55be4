//! The last run of each answer on disk, so that a restart does not forget what this machine measured.

use std::path::{Path, PathBuf};

use evidence::{Event, record};

use super::run::Run;
use crate::study::view::RunView;

fn file(folder: &Path, slug: &str) -> PathBuf {
    folder.join(format!("{slug}.jsonl"))
}

/// A complete run that nothing was taken away from, as JSON lines.
pub(super) fn lines(run: &Run) -> Option<String> {
    let keeps = run.is_complete() && run.wish.switch.is_none();
    keeps.then(|| run.events.iter().filter_map(json).map(|line| line + "\n").collect())
}

/// Keeps a run. A disk that is full or read-only loses the memory and nothing else.
pub(super) fn write(folder: &Path, slug: &str, lines: &str) {
    let path = file(folder, slug);
    let part = path.with_extension("part");
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&part, lines))
        .and_then(|()| std::fs::rename(&part, &path));
    if let Err(error) = written {
        tracing::warn!(%error, path = %path.display(), "the run is not kept");
    }
}

fn json(event: &Event) -> Option<String> {
    serde_json::to_string(event).ok()
}

/// The run that was kept; `None` without one, and where it cannot be read any more.
pub(super) fn read(folder: &Path, slug: &str) -> Option<RunView> {
    let text = std::fs::read_to_string(file(folder, slug)).ok()?;
    let view = RunView::of(&record::load(&text));
    (view.started.is_some() && view.finished.is_some()).then_some(view)
}
