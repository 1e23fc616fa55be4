//! A heartbeat on the runtime, and a metronome outside it by which the heartbeat is judged.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use evidence::Failure;
use evidence::statistics::{self, Latencies};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// Time between two beats of either.
pub const PERIOD: Duration = Duration::from_millis(4);

/// A stall: the metronome beats this often between two heartbeats.
///
/// In beats, instead of milliseconds, because a busy machine holds up both alike: what is left is
/// what the runtime did to the heartbeat.
pub const STALL: u64 = 20;

/// Beats on a thread of its own, whatever the runtime does; stops when dropped.
#[derive(Debug)]
pub struct Metronome {
    beats: Arc<AtomicU64>,
    stopped: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Metronome {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system refuses it.
    pub fn start() -> Result<Self, Failure> {
        let (beats, stopped) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, stop) = (Arc::clone(&beats), Arc::clone(&stopped));
        let thread = thread::Builder::new().name("metronome".to_owned()).spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                thread::sleep(PERIOD);
                count.fetch_add(1, Ordering::SeqCst);
            }
        })?;
        Ok(Self { beats, stopped, thread: Some(thread) })
    }

    /// Beats so far.
    #[must_use]
    pub fn beats(&self) -> u64 {
        self.beats.load(Ordering::SeqCst)
    }

    /// Sleeps until it has beaten that many times more.
    pub fn wait(&self, beats: u64) {
        let until = self.beats() + beats;
        while self.beats() < until {
            thread::sleep(PERIOD);
        }
    }
}

impl Drop for Metronome {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What became of a heartbeat.
#[derive(Clone, Debug)]
pub struct Pulse {
    /// When it beat.
    pub beats: Vec<Instant>,
    /// Gaps of at least [`STALL`] beats of the metronome, the one up to the end included.
    pub stalls: u64,
    /// How late each beat was that was due; one gap makes many late beats, as it does in service.
    pub lateness: Latencies,
}

/// A task that has nothing to do but be on time: every other request of the same server.
#[derive(Debug)]
pub struct Heartbeat {
    record: Arc<Record>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Record {
    metronome: Arc<AtomicU64>,
    /// A mutex, as a beat changes several numbers that belong together.
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    pulse: Pulse,
    /// When the next beat is due.
    due: Instant,
    /// What the metronome showed at the last beat.
    shown: u64,
}

impl Heartbeat {
    /// Starts it among the tasks of a runtime and waits for its first beat.
    #[must_use]
    pub fn start(runtime: &Handle, metronome: &Metronome) -> Self {
        let pulse = Pulse { beats: Vec::new(), stalls: 0, lateness: statistics::latencies() };
        let kept = Kept { pulse, due: Instant::now(), shown: metronome.beats() };
        let metronome = Arc::clone(&metronome.beats);
        let record = Arc::new(Record { metronome, kept: Mutex::new(kept) });
        let beating = Arc::clone(&record);
        let task = runtime.spawn(async move {
            let mut beats = interval(PERIOD);
            beats.set_missed_tick_behavior(MissedTickBehavior::Skip);
            loop {
                beats.tick().await;
                beating.beat();
            }
        });
        let heartbeat = Self { record, task };
        while heartbeat.beats() == 0 {
            thread::sleep(PERIOD / 5);
        }
        heartbeat
    }

    /// Beats so far.
    #[must_use]
    pub fn beats(&self) -> u64 {
        self.record.kept().pulse.beats.len() as u64
    }

    /// Ends it; what is overdue by now counts as late.
    #[must_use]
    pub fn stop(self) -> Pulse {
        self.task.abort();
        self.record.look();
        self.record.kept().pulse.clone()
    }
}

impl Record {
    fn beat(&self) {
        self.look();
        self.kept().pulse.beats.push(Instant::now());
    }

    /// Notes which beats were due since the last one, and whether the gap was a stall.
    fn look(&self) {
        let (now, shown) = (Instant::now(), self.metronome.load(Ordering::SeqCst));
        let mut kept = self.kept();
        if shown.saturating_sub(kept.shown) >= STALL {
            kept.pulse.stalls += 1;
        }
        kept.shown = shown;
        while kept.due <= now {
            let late = now - kept.due;
            statistics::record(&mut kept.pulse.lateness, late);
            kept.due += PERIOD;
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
