//! The same small files read four ways. Few systems can wait for a file as they wait for a socket,
//! so an async read is a blocking one on another thread.

use std::fs;
use std::io;
use std::path::PathBuf;

use tokio::io::AsyncReadExt;

/// Bytes of one `read`.
pub const PIECE: usize = 1_024;

/// Reads on this thread, which waits for the disk where the page cache does not have the file.
///
/// # Errors
/// When a file cannot be read.
pub fn in_place(paths: &[PathBuf]) -> io::Result<usize> {
    paths.iter().try_fold(0, |lines, path| Ok(lines + lines_in(&fs::read(path)?)))
}

/// Each file by `tokio::fs::read`: a trip to a blocking thread and back for each.
///
/// # Errors
/// As [`in_place`].
pub async fn file_by_file(paths: Vec<PathBuf>) -> io::Result<usize> {
    let mut lines = 0;
    for path in paths {
        lines += lines_in(&tokio::fs::read(path).await?);
    }
    Ok(lines)
}

/// Each file through `tokio::fs::File` in small reads, as one would read a socket: a trip for each
/// read, and one more to open the file.
///
/// # Errors
/// As [`in_place`].
pub async fn piece_by_piece(paths: Vec<PathBuf>) -> io::Result<usize> {
    let mut lines = 0;
    for path in paths {
        let mut file = tokio::fs::File::open(path).await?;
        let mut piece = [0; PIECE];
        loop {
            match file.read(&mut piece).await? {
                0 => break,
                read => lines += lines_in(&piece[..read]),
            }
        }
    }
    Ok(lines)
}

/// The whole job on a blocking thread: one trip, however many files, and parsing does not occupy
/// the worker either.
///
/// # Errors
/// As [`in_place`].
pub async fn all_elsewhere(paths: Vec<PathBuf>) -> io::Result<usize> {
    tokio::task::spawn_blocking(move || in_place(&paths)).await?
}

fn lines_in(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}
