//! Clients that send as slowly as they can, many at once, against the defaults of `serve`.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::rc::Rc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use end_to_end::backend::Backend;
use foundation::scratch::Scratch;
use local_services::Purpose;

const SLOW_CLIENTS: usize = 800;
/// From the first byte of what never ends to the end of its connection.
const BOUND: Duration = Duration::from_secs(15);
/// Somebody who would wait for ever is given up on here, so that the test ends.
const PATIENCE: Duration = Duration::from_secs(19);
const OTHER_CLIENTS: usize = 4;
/// What most systems allow a program that does not ask for more.
const DESCRIPTORS: u32 = 1024;

/// What a slow client never finishes: what it sends at once, and what it then repeats.
#[derive(Debug)]
struct Habit {
    name: &'static str,
    /// A whole request, whose response is read before the slow one begins.
    before: Option<&'static str>,
    opening: &'static str,
    drip: &'static str,
}

const WHOLE: &str = "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n";
/// Its response is sent in chunks, so that nobody knows its size when it begins.
const COMPRESSED: &str = "GET /openapi.json HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\n\r\n";

const ENDLESS_HEAD: &str = "GET /health/live HTTP/1.1\r\nhost: x\r\nx-slow: ";

const HABITS: [Habit; 6] = [
    Habit { name: "a head", before: None, opening: ENDLESS_HEAD, drip: "a" },
    Habit {
        name: "a body of announced length",
        before: None,
        opening: "POST /api/v1/users HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                  content-length: 9000\r\n\r\n{",
        drip: " ",
    },
    Habit {
        name: "a body in chunks",
        before: None,
        opening: "POST /api/v1/sessions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                  transfer-encoding: chunked\r\n\r\n1\r\n{\r\n",
        drip: "1\r\n \r\n",
    },
    Habit {
        name: "a body that nobody reads",
        before: None,
        opening: "POST /api/v1/todos HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                  content-length: 9000\r\n\r\n{",
        drip: " ",
    },
    Habit { name: "a second head", before: Some(WHOLE), opening: ENDLESS_HEAD, drip: "a" },
    Habit {
        name: "a head after a compressed response",
        before: Some(COMPRESSED),
        opening: ENDLESS_HEAD,
        drip: "a",
    },
];

struct SlowClient {
    habit: &'static Habit,
    socket: TcpStream,
    began: Instant,
    /// How long the server put up with it.
    lasted: Option<Duration>,
}

impl SlowClient {
    fn connect(address: &str, habit: &'static Habit) -> io::Result<Self> {
        let mut socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        if let Some(request) = habit.before {
            socket.write_all(request.as_bytes())?;
            let reply = read_reply(&mut socket)?;
            assert!(reply.starts_with(b"HTTP/1.1 200 OK"), "{}", String::from_utf8_lossy(&reply));
        }
        socket.write_all(habit.opening.as_bytes())?;
        socket.set_nonblocking(true)?;
        Ok(Self { habit, socket, began: Instant::now(), lasted: None })
    }

    /// Sends a little more, and notes it if the server has hung up. A response is no end yet.
    fn go_on(&mut self) {
        let sent = self.socket.write(self.habit.drip.as_bytes());
        let is_open = sent.map_or_else(|error| error.kind() == ErrorKind::WouldBlock, |_| true);
        if !is_open || self.has_been_hung_up_on() {
            self.lasted = Some(self.began.elapsed());
        }
    }

    fn has_been_hung_up_on(&mut self) -> bool {
        loop {
            match self.socket.read(&mut [0; 4096]) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return error.kind() != ErrorKind::WouldBlock,
            }
        }
    }
}

/// One whole response, which ends with its JSON or with the chunk of no length.
fn read_reply(socket: &mut TcpStream) -> io::Result<Vec<u8>> {
    let (mut reply, mut piece) = (Vec::new(), [0; 16_384]);
    while !reply.ends_with(b"}") && !reply.ends_with(b"\r\n0\r\n\r\n") {
        let read = socket.read(&mut piece)?;
        assert!(read > 0, "the connection has ended");
        reply.extend_from_slice(&piece[..read]);
    }
    Ok(reply)
}

/// Connects all of them and lets them drip until the server has closed every connection.
fn attack(address: String) -> JoinHandle<Vec<SlowClient>> {
    thread::spawn(move || {
        let connect = |number| SlowClient::connect(&address, &HABITS[number % HABITS.len()]);
        let mut clients: Vec<_> =
            (0..SLOW_CLIENTS).map(|number| connect(number).unwrap()).collect();
        let began = Instant::now();
        while began.elapsed() < PATIENCE && clients.iter().any(|client| client.lasted.is_none()) {
            for client in clients.iter_mut().filter(|client| client.lasted.is_none()) {
                client.go_on();
            }
            thread::sleep(Duration::from_millis(200));
        }
        clients
    })
}

/// Somebody who reads the log twenty times a second until told to stop; notes each wait.
async fn read_on(base: String, stop: Rc<Cell<bool>>, waits: Rc<RefCell<Vec<Duration>>>) {
    let client = awc::Client::builder().timeout(Duration::from_secs(20)).finish();
    while !stop.get() {
        let began = Instant::now();
        let mut response = client.get(format!("{base}/api/v1/logs")).send().await.unwrap();
        assert_eq!(response.status(), 200, "nobody else notices");
        response.body().await.unwrap();
        waits.borrow_mut().push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Open files of a process; `None` where the system does not list them in `/proc`.
fn descriptors(process: u32) -> Option<usize> {
    let listed = std::fs::read_dir(format!("/proc/{process}/fd"));
    let listed = listed.map(Iterator::count).ok();
    assert!(listed.is_some() || !cfg!(target_os = "linux"), "Linux lists them");
    listed
}

/// The 99th of a hundred.
fn p99(waits: &mut [Duration]) -> Duration {
    waits.sort_unstable();
    waits.get(waits.len() * 99 / 100).copied().unwrap_or_default()
}

#[actix_web::test]
async fn slow_clients_by_the_hundred_are_cut_off_and_nobody_else_notices() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let backend = Backend::start_with_descriptors(DESCRIPTORS, |command| {
        command.envs(scratch.environment());
    })
    .unwrap();
    let (stop, waits) = (Rc::new(Cell::new(false)), Rc::new(RefCell::new(Vec::new())));
    let others: Vec<_> = (0..OTHER_CLIENTS)
        .map(|_| read_on(backend.base().to_owned(), Rc::clone(&stop), Rc::clone(&waits)))
        .map(actix_web::rt::spawn)
        .collect();
    // Alone at first, for the comparison, and so that everybody is connected before the count.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut alone = waits.take();
    let before = descriptors(backend.id());

    let attack = attack(backend.base().trim_start_matches("http://").to_owned());
    let mut most = before;
    while !attack.is_finished() {
        tokio::time::sleep(Duration::from_millis(100)).await;
        most = most.max(descriptors(backend.id()));
    }
    let clients = attack.join().unwrap();
    let mut meanwhile = waits.take();
    report(&clients, &mut alone, &mut meanwhile);

    for SlowClient { habit, lasted, .. } in &clients {
        assert!(lasted.is_some_and(|lasted| lasted <= BOUND), "{}: {lasted:?}", habit.name);
    }
    if let (Some(before), Some(most)) = (before, most) {
        assert!(most >= before + SLOW_CLIENTS, "{most}: all of them were connected at once");
        let left = settled(backend.id(), before).await;
        assert!(left <= before, "{left} descriptors are open, and {before} were before");
    }
    stop.set(true);
    for other in others {
        other.await.unwrap();
    }
}

/// What is still open once it is no more than before, or after three seconds.
async fn settled(process: u32, before: usize) -> usize {
    for _ in 0..30 {
        if descriptors(process).is_some_and(|open| open <= before) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    descriptors(process).unwrap_or_default()
}

/// Written past the test harness, which would keep it to itself: times are told and decide nothing.
fn report(clients: &[SlowClient], alone: &mut [Duration], meanwhile: &mut [Duration]) {
    let mut text = String::new();
    for habit in &HABITS {
        let of_it = clients.iter().filter(|client| client.habit.name == habit.name);
        let longest = of_it.map(|client| client.lasted.unwrap_or(PATIENCE)).max();
        text.push_str(&format!("  {}: cut off after {longest:.1?} at most\n", habit.name));
    }
    text.push_str(&format!(
        "  other clients: {} requests, p99 {:.1?}; alone before: p99 {:.1?}\n",
        meanwhile.len(),
        p99(meanwhile),
        p99(alone),
    ));
    let _ = writeln!(io::stderr(), "{SLOW_CLIENTS} slow clients:\n{text}");
}
