//! Somebody who follows a run, and what happens to the run when the last of them has left.

use std::time::Duration;

use tokio::sync::broadcast::Receiver;

use super::Runs;
use super::run::Message;

/// A page that is loaded again comes back within this time; a tab that was closed does not.
const GRACE: Duration = Duration::from_secs(3);

/// Follows one run; dropped when the page is gone.
#[derive(Debug)]
pub(in crate::study) struct Watching {
    runs: Runs,
    number: u64,
    pub(in crate::study) receiver: Receiver<Message>,
    /// The state to begin with, and whether the run is over with it.
    pub(in crate::study) first: Option<(String, bool)>,
}

impl Watching {
    pub(super) fn begin(runs: &Runs, number: u64) -> Option<Self> {
        let mut line = runs.lock();
        let ahead = line.ahead_of(number);
        let run = line.find_mut(number)?;
        run.watchers += 1;
        let first = Some((run.state(&ahead).0, run.is_over()));
        Some(Self { runs: runs.clone(), number, receiver: run.messages.subscribe(), first })
    }

    /// The present state, for a watcher that fell behind.
    pub(in crate::study) fn state(&self) -> (String, bool) {
        let line = self.runs.lock();
        let ahead = line.ahead_of(self.number);
        line.find(self.number).map(|run| (run.state(&ahead).0, run.is_over())).unwrap_or_default()
    }
}

impl Drop for Watching {
    /// A run that was followed and no longer is has lost its reader: it gives up its turn and its
    /// scratch data. One that was started by a plain form was never followed, and goes on.
    fn drop(&mut self) {
        let abandoned = {
            let mut line = self.runs.lock();
            let Some(run) = line.find_mut(self.number) else { return };
            run.watchers -= 1;
            run.watchers == 0 && !run.is_over()
        };
        if abandoned {
            let (runs, number) = (self.runs.clone(), self.number);
            // A thread, instead of a task: the worker that drops this may be shutting down.
            let wait = std::thread::Builder::new().name("abandoned demo".to_owned());
            let _ = wait.spawn(move || {
                std::thread::sleep(GRACE);
                let alone = runs.lock().find(number).is_some_and(|run| run.watchers == 0);
                if alone {
                    runs.stop(number);
                }
            });
        }
    }
}
