//! Where the buyers of a round wait for each other, without a clock.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Between two looks at who is blocked; short against a round trip, long against the look.
const PAUSE: Duration = Duration::from_micros(200);

/// A barrier whose missing members may be blocked by those who are there.
///
/// A plain barrier would deadlock where the database lets one buyer after the other in, and a time
/// limit would let a slow machine break the race up. So members are let go when each of the others
/// has left the round or waits for a lock: then nobody can come any more.
pub(super) struct Meeting {
    members: usize,
    /// A mutex with a condition variable instead of atomics: several numbers change together.
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct State {
    /// Raised when those who have arrived are let go.
    generation: u64,
    /// Raised when the last member has left the round.
    round: u64,
    arrived: usize,
    left: usize,
    /// Members who had left when somebody was let go last.
    passed_by: usize,
    closed: bool,
}

impl State {
    fn let_go(&mut self) {
        self.generation += 1;
        self.arrived = 0;
        self.passed_by = self.left;
    }
}

impl Meeting {
    pub(super) fn new(members: usize) -> Self {
        Self { members, state: Mutex::default(), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while(
        &self,
        guard: MutexGuard<'_, State>,
        condition: impl Fn(&State) -> bool,
    ) -> State {
        let waiting = |state: &mut State| condition(state) && !state.closed;
        *self.changed.wait_while(guard, waiting).unwrap_or_else(PoisonError::into_inner)
    }

    fn let_go_if_nobody_can_come(&self, state: &mut State, blocked: usize) {
        if state.arrived > 0 && state.arrived + state.left + blocked >= self.members {
            state.let_go();
        }
        self.changed.notify_all();
    }

    /// Waits for the others of the round.
    pub(super) fn arrive(&self) {
        let mut state = self.lock();
        let generation = state.generation;
        state.arrived += 1;
        self.let_go_if_nobody_can_come(&mut state, 0);
        self.wait_while(state, |state| state.generation == generation);
    }

    /// Leaves the round, and waits until everybody has.
    pub(super) fn leave(&self) {
        let mut state = self.lock();
        let round = state.round;
        state.left += 1;
        self.let_go_if_nobody_can_come(&mut state, 0);
        if state.left == self.members {
            state.left = 0;
            state.round += 1;
            self.changed.notify_all();
        }
        self.wait_while(state, |state| state.round == round);
    }

    /// Lets everybody go, now and later.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    pub(super) fn passed_by(&self) -> u64 {
        self.lock().passed_by as u64
    }

    /// Until the meeting is closed, lets those go who wait for somebody that `blocked` counts. It
    /// counts only what was so at one moment, and that moment lay within a time in which nobody
    /// arrived or left, so nobody is counted twice.
    ///
    /// # Errors
    /// Whatever `blocked` returns; the meeting is closed then.
    pub(super) fn watch<E>(&self, mut blocked: impl FnMut() -> Result<usize, E>) -> Result<(), E> {
        loop {
            let before = self.wait_while(self.lock(), |state| state.arrived == 0);
            if before.closed {
                return Ok(());
            }
            let blocked = blocked().inspect_err(|_| self.close())?;
            let mut state = self.lock();
            if *state == before {
                self.let_go_if_nobody_can_come(&mut state, blocked);
            }
            drop(state);
            thread::sleep(PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn whoever_arrives_is_let_go_when_the_others_have_arrived_left_or_are_blocked() {
        let meeting = Meeting::new(3);
        let blocked = AtomicUsize::new(0);
        thread::scope(|scope| {
            let watcher = scope
                .spawn(|| meeting.watch(|| Ok::<_, Infallible>(blocked.load(Ordering::SeqCst))));
            let first = scope.spawn(|| meeting.arrive());
            scope.spawn(|| meeting.leave());
            while meeting.lock().left == 0 {
                thread::yield_now();
            }
            thread::sleep(10 * PAUSE);
            assert!(!first.is_finished(), "the third may still come");
            blocked.store(1, Ordering::SeqCst);
            first.join().unwrap();
            assert_eq!(meeting.passed_by(), 1);
            meeting.close();
            watcher.join().unwrap().unwrap();
        });
    }

    #[test]
    fn nobody_begins_a_round_before_all_have_left_the_last() {
        let meeting = Meeting::new(2);
        thread::scope(|scope| {
            let first = scope.spawn(|| meeting.leave());
            while meeting.lock().left == 0 {
                thread::yield_now();
            }
            assert!(!first.is_finished());
            meeting.leave();
            first.join().unwrap();
            assert_eq!(meeting.lock().round, 1);
        });
    }
}
