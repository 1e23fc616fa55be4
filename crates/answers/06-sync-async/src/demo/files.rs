//! The same files read four ways, with every trip to another thread counted.

use std::fs;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::{Duration, Instant};

use evidence::{Cell, Failure, Outcome, Quantity, RungKind, Scale, Stage, Unit};
use tokio::runtime::Runtime;

use crate::files::{self, PIECE};
use crate::hand_overs;
use crate::trial::{BLOCKING_THREADS, runtime};

const FILES: usize = 64;
const BYTES: usize = 4 * PIECE;
/// Trips of a file that is read piece by piece: to open it, four pieces, and the end.
const TRIPS_BY_PIECES: usize = 1 + BYTES / PIECE + 1;

/// Counts the lines of all files. Boxed, so that four kinds of future fit one table.
type Reading = Pin<Box<dyn Future<Output = io::Result<usize>> + Send>>;

struct Way {
    id: &'static str,
    name: &'static str,
    kind: RungKind,
    read: fn(Vec<PathBuf>) -> Reading,
}

static WAYS: [Way; 4] = [
    Way {
        id: "pieces",
        name: "tokio::fs::File, piece by piece",
        kind: RungKind::Wrong,
        read: |paths| Box::pin(files::piece_by_piece(paths)),
    },
    Way {
        id: "files",
        name: "tokio::fs::read, file by file",
        kind: RungKind::Tempting,
        read: |paths| Box::pin(files::file_by_file(paths)),
    },
    Way {
        id: "elsewhere",
        name: "one spawn_blocking for all",
        kind: RungKind::Right,
        read: |paths| Box::pin(files::all_elsewhere(paths)),
    },
    Way {
        id: "in-place",
        name: "std::fs::read, on the worker",
        kind: RungKind::Costly,
        read: |paths| Box::pin(async move { files::in_place(&paths) }),
    },
];

pub(super) fn climb(stage: &Stage) -> Outcome {
    stage.step("When async is wrong: reading files");
    stage.predict(
        "trips-files",
        format!("{FILES} files by tokio::fs::read: how many trips to another thread?"),
        Unit::Count,
    );
    let folder = tempfile::tempdir()?;
    let paths = write(folder.path())?;
    let repeats = match stage.scale() {
        Scale::Quick => 4,
        Scale::Default => 30,
        Scale::Full => 100,
    };
    let counted: Vec<(u64, usize)> = WAYS
        .iter()
        .map(|way| {
            hand_overs::count((way.read)(paths.clone()))
                .and_then(|(trips, lines)| Ok((trips, lines?)))
        })
        .collect::<io::Result<_>>()?;
    stage.reveal("trips-files", Quantity::count(counted[1].0));
    let times = time_in_turns(stage, &paths, repeats)?;
    let title = format!("{FILES} files of {} in the page cache", Quantity::bytes(BYTES as u64));
    let ladder = stage.ladder(title, &["trips to another thread", "time"]);
    for ((way, (trips, _)), times) in WAYS.iter().zip(&counted).zip(&times) {
        let trips = Quantity::count(*trips);
        ladder.rung(way.kind, way.name, vec![trips.into(), Cell::times(times)]);
    }
    for (way, (trips, _)) in WAYS.iter().zip(&counted) {
        let label = format!("trips to another thread: {}", way.name);
        stage.measure(&format!("trips-{}", way.id), label, Quantity::count(*trips));
    }
    check(stage, &counted);
    compare(stage, &paths, repeats)
}

/// On a worker, as in a server: driven by the calling thread, a future would save one switch.
fn on_a_worker(runtime: &Runtime, reading: Reading) -> io::Result<usize> {
    runtime.block_on(runtime.spawn(reading))?
}

fn write(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let text = "seven b\n".repeat(BYTES / 8);
    let paths: Vec<PathBuf> = (0..FILES).map(|file| folder.join(file.to_string())).collect();
    for path in &paths {
        fs::write(path, &text)?;
    }
    Ok(paths)
}

fn time_in_turns(
    stage: &Stage,
    paths: &[PathBuf],
    repeats: u32,
) -> Result<Vec<Vec<Duration>>, Failure> {
    let runtime = runtime(BLOCKING_THREADS)?;
    let mut times = vec![Vec::new(); WAYS.len()];
    for _ in 0..repeats {
        stage.go_on()?;
        for (way, times) in WAYS.iter().zip(&mut times) {
            let began = Instant::now();
            on_a_worker(&runtime, (way.read)(paths.to_vec()))?;
            times.push(began.elapsed());
        }
    }
    Ok(times)
}

fn check(stage: &Stage, counted: &[(u64, usize)]) {
    let trips: Vec<usize> = counted.iter().map(|(trips, _)| *trips as usize).collect();
    let [pieces, files, elsewhere, in_place] = trips[..] else { return };
    stage.check(
        "small-reads-make-a-trip-each",
        format!("read piece by piece, {FILES} files make {pieces} trips to another thread"),
        pieces == FILES * TRIPS_BY_PIECES,
    );
    stage.check(
        "an-async-read-is-a-trip-to-another-thread",
        format!("by tokio::fs::read they make {files}"),
        files == FILES,
    );
    stage.check(
        "one-job-elsewhere-makes-one-trip",
        format!("read and parsed in one blocking job they make {elsewhere}"),
        elsewhere == 1,
    );
    stage.check(
        "a-sync-read-makes-no-trip",
        format!("read in place they make {in_place}"),
        in_place == 0,
    );
    let lines: Vec<usize> = counted.iter().map(|(_, lines)| *lines).collect();
    stage.check(
        "every-way-reads-the-same",
        format!("all four ways count {} lines", lines[0]),
        lines.iter().all(|lines| *lines == FILES * BYTES / 8),
    );
}

fn compare(stage: &Stage, paths: &[PathBuf], repeats: u32) -> Outcome {
    let runtime = runtime(BLOCKING_THREADS)?;
    let read = |way: &'static Way| {
        let runtime = &runtime;
        move || {
            on_a_worker(runtime, (way.read)(paths.to_vec()))?;
            Ok(())
        }
    };
    let [_, files, _, in_place] = &WAYS;
    stage.compare(
        "file-reads",
        "all files, read on the worker and by tokio::fs::read",
        repeats,
        ("std::fs::read", &mut read(in_place)),
        ("tokio::fs::read", &mut read(files)),
    )?;
    Ok(())
}
