//! The mail server of the demo and how it is spoken to: one line there, one line back.
//!
//! Not SMTP, which would add nothing to what is shown: a partner that takes its time, that hangs,
//! and whose answer may be lost after it has delivered.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use evidence::{Failure, HookGuard, Interrupt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long a mail may take; nothing waits longer than this for the mail server.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of a line that is read.
const LONGEST: u64 = 200;

/// A mail about an order. Of two with one key the second is not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Which order.
    pub order: i64,
    /// The idempotency key.
    pub key: String,
}

/// Sends a mail and waits until it is accepted.
///
/// # Errors
/// When the mail server is away, hangs up or takes longer than a minute.
pub async fn send(to: SocketAddr, mail: &Mail) -> io::Result<()> {
    let sent = async {
        let mut stream = tokio::net::TcpStream::connect(to).await?;
        let line = format!("MAIL {} {}\n", mail.order, mail.key);
        stream.write_all(line.as_bytes()).await?;
        let mut accepted = [0; 3];
        stream.read_exact(&mut accepted).await.map(drop)
    };
    tokio::time::timeout(PATIENCE, sent).await.map_err(io::Error::other)?
}

/// A mail server on a free port; stops when dropped.
pub struct Postbox {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    /// How long each mail takes.
    takes: Duration,
    /// A mutex with a condition, as the demo waits for what happens here.
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    closed: bool,
    hangs: bool,
    held: u64,
    seen: Seen,
    keys: BTreeSet<String>,
}

/// What the mail server has seen so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Mails that were sent to it.
    pub calls: u64,
    /// Orders in the order in which their mails came to the customer.
    pub inbox: Vec<i64>,
}

impl Seen {
    /// Orders whose customer got a mail.
    #[must_use]
    pub fn mailed(&self) -> u64 {
        self.inbox.iter().collect::<BTreeSet<_>>().len() as u64
    }

    /// Mails that a customer got although there was one about this order already.
    #[must_use]
    pub fn twice(&self) -> u64 {
        self.inbox.len() as u64 - self.mailed()
    }
}

impl std::fmt::Debug for Postbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postbox").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Postbox {
    /// Starts one that takes so long for each mail.
    ///
    /// # Errors
    /// When there is no port or no thread.
    pub fn open(takes: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { takes, state: Mutex::default(), changed: Condvar::new() });
        let server = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("postbox".to_owned()).spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if server.lock().closed {
                    break;
                }
                let server = Arc::clone(&server);
                std::thread::spawn(move || server.serve(&stream));
            }
        })?;
        Ok(Self { address, shared, thread: Some(thread) })
    }

    /// Lets nobody wait any longer once the reader has asked the run to stop.
    #[must_use]
    pub fn closes_with(&self, interrupt: &Interrupt) -> HookGuard {
        let shared = Arc::clone(&self.shared);
        interrupt.on_request(move || {
            let mut state = shared.lock();
            (state.closed, state.hangs) = (true, false);
            shared.changed.notify_all();
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on every call hangs, and every second mail is delivered all the same: what a sender
    /// cannot tell from one that is lost.
    pub fn hang(&self) {
        self.shared.lock().hangs = true;
    }

    /// Hangs up on those that hang, without an answer, and works again.
    pub fn recover(&self) {
        let mut state = self.shared.lock();
        (state.hangs, state.held) = (false, 0);
        self.shared.changed.notify_all();
    }

    /// Waits until so many calls hang.
    ///
    /// # Errors
    /// When they do not within a minute.
    pub fn holds(&self, calls: u64) -> Result<(), Failure> {
        self.wait(|state| state.held >= calls)
    }

    /// Waits until the customers of so many orders have got a mail.
    ///
    /// # Errors
    /// When they have not within a minute.
    pub fn delivers(&self, orders: u64) -> Result<(), Failure> {
        self.wait(|state| state.seen.mailed() >= orders)
    }

    fn wait(&self, holds: impl Fn(&State) -> bool) -> Result<(), Failure> {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.shared.lock();
        while !holds(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || state.closed {
                return Err(format!("the mail server waited in vain: {:?}", state.seen).into());
            }
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    /// What it has seen so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.shared.lock().seen.clone()
    }
}

impl Drop for Postbox {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.recover();
        // Wakes the thread that waits for the next connection.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut stream: &TcpStream) {
        let Some(mail) = read(stream) else { return };
        let mut state = self.lock();
        state.seen.calls += 1;
        if state.hangs {
            if mail.order % 2 == 0 {
                state.deliver(&mail);
            }
            state.held += 1;
            self.changed.notify_all();
            while state.hangs {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            return;
        }
        drop(state);
        std::thread::sleep(self.takes);
        self.lock().deliver(&mail);
        // Whoever sent it may be gone; delivered it is.
        let _ = stream.write_all(b"OK\n");
        self.changed.notify_all();
    }
}

impl State {
    fn deliver(&mut self, mail: &Mail) {
        if self.keys.insert(mail.key.clone()) {
            self.seen.inbox.push(mail.order);
        }
    }
}

fn read(stream: &TcpStream) -> Option<Mail> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut line = String::new();
    BufReader::new(stream.take(LONGEST)).read_line(&mut line).ok()?;
    let mut words = line.strip_prefix("MAIL ")?.split_whitespace();
    Some(Mail { order: words.next()?.parse().ok()?, key: words.next()?.to_owned() })
}
