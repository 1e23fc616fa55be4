//! A desk that runs beside the demo and is killed.
//!
//! As a process of its own where the program that runs can be one, and else, as in a test of the
//! whole, on a thread whose runtime is dropped: its tasks end where they stand, as in a kill.

use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use actix_web::rt::System;
use evidence::{Failure, Outcome};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;

use crate::desk::{Desk, Way};
use crate::post::Postbox;

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a desk needs, and where it runs.
#[derive(Clone, Debug)]
pub struct Employer {
    /// The database with the tables of `orders`.
    pub database: SecretString,
    /// For the way over a broker.
    pub redis: SecretString,
    /// The program that is a desk when asked for `architecture-desk`; a thread without one.
    pub program: Option<PathBuf>,
}

/// The running program, where it is one that offers `architecture-desk`.
#[must_use]
pub fn this_program() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let known = ["architecture", "backend"];
    program
        .file_stem()
        .is_some_and(|stem| known.iter().any(|name| stem == *name))
        .then_some(program)
}

/// A desk at work; killed when dropped.
#[derive(Debug)]
pub struct Staff {
    /// Orders that were answered.
    answered: Arc<AtomicU64>,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Process(Child),
    Thread { stop: Option<oneshot::Sender<()>>, thread: Option<JoinHandle<()>> },
}

impl Employer {
    /// Starts a desk that takes so many orders at once; returns when it has begun.
    ///
    /// # Errors
    /// When it does not start.
    pub fn hire(&self, way: Way, postbox: &Postbox, orders: u32) -> Result<Staff, Failure> {
        match &self.program {
            Some(program) => self.process(program, way, postbox, orders),
            None => self.thread(way, postbox, orders),
        }
    }

    fn process(
        &self,
        program: &Path,
        way: Way,
        postbox: &Postbox,
        orders: u32,
    ) -> Result<Staff, Failure> {
        let mut child = Command::new(program)
            .args(["architecture-desk", "--way", way.word()])
            .args(["--post", &postbox.address().to_string(), "--orders", &orders.to_string()])
            .env("DATABASE_URL", self.database.expose_secret())
            .env("REDIS_URL", self.redis.expose_secret())
            // Held open and never written to: it ends when this process does, however that ends.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("it has no output")?).lines();
        let answered = Arc::<AtomicU64>::default();
        let staff = Staff { answered: Arc::clone(&answered), place: Place::Process(child) };
        if lines.next().transpose()?.as_deref() != Some("ready") {
            return Err("the desk did not start".into());
        }
        std::thread::spawn(move || count(lines, &answered));
        Ok(staff)
    }

    fn thread(&self, way: Way, postbox: &Postbox, orders: u32) -> Result<Staff, Failure> {
        let (database, redis, post) =
            (self.database.clone(), self.redis.clone(), postbox.address());
        let answered = Arc::<AtomicU64>::default();
        let counter = Arc::clone(&answered);
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = std::sync::mpsc::channel::<Outcome>();
        let thread = std::thread::spawn(move || {
            System::new().block_on(async {
                let desk = match Desk::open(way, &database, post, Some(&redis)) {
                    Ok(desk) => desk,
                    Err(error) => return drop(ready.send(Err(error))),
                };
                let _ = ready.send(Ok(()));
                let work = async {
                    let count = |_| {
                        counter.fetch_add(1, Ordering::SeqCst);
                    };
                    // An order that is refused is not answered, which is what is counted.
                    let _ = desk.take_all(orders, count).await;
                    std::future::pending::<()>().await;
                };
                tokio::select! { () = work => {} _ = stopped => {} }
            });
        });
        let place = Place::Thread { stop: Some(stop), thread: Some(thread) };
        let staff = Staff { answered, place };
        is_ready.recv_timeout(PATIENCE)??;
        Ok(staff)
    }
}

fn count(lines: Lines<BufReader<ChildStdout>>, answered: &AtomicU64) {
    for line in lines.map_while(Result::ok) {
        answered.fetch_add(u64::from(line.starts_with("answered ")), Ordering::SeqCst);
    }
}

impl Staff {
    /// Orders that were answered so far.
    #[must_use]
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::SeqCst)
    }

    /// Waits until so many orders were answered.
    ///
    /// # Errors
    /// When they are not within a minute, or the process has ended.
    pub fn answers(&mut self, orders: u64) -> Outcome {
        let deadline = Instant::now() + PATIENCE;
        while self.answered() < orders {
            let has_ended = match &mut self.place {
                Place::Process(child) => child.try_wait()?.is_some(),
                Place::Thread { .. } => false,
            };
            if has_ended || Instant::now() > deadline {
                return Err(format!("{} of {orders} orders were answered", self.answered()).into());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// SIGKILL, or the nearest to it; then the mail server hangs up and works again.
    ///
    /// # Errors
    /// When the process cannot be killed.
    pub fn kill(mut self, postbox: &Postbox) -> Outcome {
        self.end()?;
        postbox.recover();
        Ok(())
    }

    fn end(&mut self) -> Outcome {
        match &mut self.place {
            Place::Process(child) => {
                child.kill()?;
                child.wait()?;
            }
            Place::Thread { stop, .. } => drop(stop.take()),
        }
        Ok(())
    }
}

impl Drop for Staff {
    fn drop(&mut self) {
        let _ = self.end();
        if let Place::Thread { thread, .. } = &mut self.place {
            // Senders that wait for the mail server end when it hangs up, which comes before this.
            if let Some(thread) = thread.take() {
                let _ = thread.join();
            }
        }
    }
}
