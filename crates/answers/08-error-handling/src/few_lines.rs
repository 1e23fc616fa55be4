//! A bound on how many lines one event may write.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(1);

/// Lets so many lines of one kind through each second, and tells the next one how many were not.
#[derive(Debug)]
pub(crate) struct FewLines {
    most: u64,
    window: Mutex<Option<Window>>,
}

#[derive(Debug)]
struct Window {
    start: Instant,
    lines: u64,
}

impl FewLines {
    pub(crate) const fn new(most: u64) -> Self {
        Self { most, window: Mutex::new(None) }
    }

    /// The number of lines left out before this one, where it may be written.
    pub(crate) fn one_more(&self, now: Instant) -> Option<u64> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        match window.as_mut().filter(|window| now.duration_since(window.start) < WINDOW) {
            Some(window) => {
                window.lines += 1;
                (window.lines <= self.most).then_some(0)
            }
            None => {
                let before = window.replace(Window { start: now, lines: 1 });
                Some(before.map_or(0, |before| before.lines.saturating_sub(self.most)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_writes_a_few_lines_and_the_next_second_tells_how_many_were_left_out() {
        let (lines, start) = (FewLines::new(3), Instant::now());
        let written: Vec<_> = (0..1_000).map(|_| lines.one_more(start)).collect();
        assert_eq!(written[..4], [Some(0), Some(0), Some(0), None]);
        assert_eq!(written.iter().flatten().count(), 3);
        assert_eq!(lines.one_more(start + WINDOW), Some(997));
        assert_eq!(lines.one_more(start + WINDOW * 2), Some(0), "one line is not too many");
    }
}
