//! Where a file is read, and how many trips to another thread that takes.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::path::PathBuf;

use sync_async::files::{PIECE, all_elsewhere, file_by_file, in_place, piece_by_piece};
use sync_async::hand_overs::count;
use tempfile::TempDir;

/// Files of so many bytes, each byte a line of its own.
fn files(sizes: &[usize]) -> (TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> =
        (0..sizes.len()).map(|file| folder.path().join(file.to_string())).collect();
    for (path, size) in paths.iter().zip(sizes) {
        std::fs::write(path, "\n".repeat(*size)).unwrap();
    }
    (folder, paths)
}

#[test]
fn a_sync_read_makes_no_trip_even_where_every_blocking_thread_is_taken() {
    let (_folder, paths) = files(&[10, 20, 30]);
    let (trips, lines) = count(async { in_place(&paths) }).unwrap();
    assert_eq!((trips, lines.unwrap()), (0, 60));
}

#[test]
fn an_async_read_is_a_trip_to_a_blocking_thread_for_each_file() {
    let (_folder, paths) = files(&[10, 20, 30]);
    let (trips, lines) = count(file_by_file(paths)).unwrap();
    assert_eq!((trips, lines.unwrap()), (3, 60));
}

#[test]
fn an_async_file_makes_a_trip_to_open_and_one_for_each_read() {
    // To open, the pieces, and the read that finds the end.
    for (size, trips) in [(0, 2), (1, 3), (PIECE, 3), (PIECE + 1, 4), (3 * PIECE, 5)] {
        let (_folder, paths) = files(&[size]);
        let (counted, lines) = count(piece_by_piece(paths)).unwrap();
        assert_eq!((counted, lines.unwrap()), (trips, size), "{size} bytes");
    }
}

#[test]
fn one_blocking_job_makes_one_trip_for_all_files() {
    let (_folder, paths) = files(&[10, 20, 30]);
    let (trips, lines) = count(all_elsewhere(paths)).unwrap();
    assert_eq!((trips, lines.unwrap()), (1, 60));
}

#[test]
fn a_file_that_is_missing_is_an_error_either_way() {
    let missing = || vec![PathBuf::from("no/such/file")];
    assert!(in_place(&missing()).is_err());
    assert!(count(file_by_file(missing())).unwrap().1.is_err());
    assert!(count(piece_by_piece(missing())).unwrap().1.is_err());
    assert!(count(all_elsewhere(missing())).unwrap().1.is_err());
}
