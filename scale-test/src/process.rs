//! Child processes: how they are started, watched and stopped, also when this program is killed.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::Outcome;

/// Kills what is on its list when its input ends, which it also does when this program is killed.
const GUARDIAN: &str = r#"
trap '' HUP INT TERM
children=
while read -r word process; do
    case $word in
    watch) children="$children $process" ;;
    forget)
        left=
        for child in $children; do [ "$child" = "$process" ] || left="$left $child"; done
        children=$left
        ;;
    esac
done
[ -z "$children" ] || kill -s KILL $children 2>/dev/null
"#;

/// The error of a run that was told to stop.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// Starts children and hears Ctrl-C; whoever waits returns then, and so drops what was started.
#[derive(Clone, Debug)]
pub(crate) struct Processes {
    interrupted: Arc<AtomicBool>,
    guardian: Arc<Guardian>,
}

#[derive(Debug)]
struct Guardian {
    child: Mutex<Child>,
    /// `None` once it was let go.
    orders: Mutex<Option<ChildStdin>>,
}

impl Processes {
    pub(crate) fn new() -> Outcome<Self> {
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&interrupted);
        ctrlc::set_handler(move || flag.store(true, Ordering::SeqCst))?;
        Ok(Self { interrupted, guardian: Arc::new(Guardian::spawn()?) })
    }

    /// An error once somebody has pressed Ctrl-C.
    pub(crate) fn check(&self) -> Outcome<()> {
        if self.interrupted.load(Ordering::SeqCst) { Err(Interrupted.into()) } else { Ok(()) }
    }

    /// In a process group of its own: Ctrl-C in the terminal reaches this program alone, which then
    /// stops everything in order.
    pub(crate) fn start(&self, command: &mut Command) -> Outcome<Running> {
        self.check()?;
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command
            .process_group(0)
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot run {name}: {error}"))?;
        self.guardian.tell("watch", child.id());
        Ok(Running { child, guardian: Arc::clone(&self.guardian) })
    }

    /// Runs a command to its end and returns what it printed.
    pub(crate) fn output_of(&self, command: &mut Command) -> Outcome<String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut running = self.start(command.stdout(Stdio::piped()).stderr(Stdio::piped()))?;
        let pipes = (running.child.stdout.take(), running.child.stderr.take());
        let reading = std::thread::spawn(move || (read(pipes.0), read(pipes.1)));
        while running.child.try_wait()?.is_none() {
            self.check()?;
            std::thread::sleep(Duration::from_millis(5));
        }
        let status = running.child.wait()?;
        let (stdout, stderr) = reading.join().map_err(|_| "a reader died")?;
        let Output { status, stdout, stderr } = Output { status, stdout, stderr };
        if !status.success() {
            let said = String::from_utf8_lossy(&stderr);
            return Err(format!("{name}: {status}\n{}", said.trim()).into());
        }
        Ok(String::from_utf8_lossy(&stdout).trim().to_owned())
    }

    /// Asks until the answer is yes, for 30 seconds at the most.
    pub(crate) fn wait_for(
        &self,
        what: &str,
        mut is_there: impl FnMut() -> Outcome<bool>,
    ) -> Outcome<Duration> {
        let began = Instant::now();
        while !is_there()? {
            if began.elapsed() > Duration::from_secs(30) {
                return Err(format!("{what}: not within 30 seconds").into());
            }
            self.pause(Duration::from_millis(20))?;
        }
        Ok(began.elapsed())
    }

    /// Sleeps, and wakes for Ctrl-C.
    pub(crate) fn pause(&self, time: Duration) -> Outcome<()> {
        let end = Instant::now() + time;
        loop {
            self.check()?;
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(Duration::from_millis(100)));
        }
    }
}

fn read(pipe: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What broke off is what there is; the exit code tells whether it was enough.
    let _ = pipe.map(|mut pipe| pipe.read_to_end(&mut bytes));
    bytes
}

impl Guardian {
    fn spawn() -> Outcome<Self> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", GUARDIAN, "scale-test-guardian"])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let orders = Mutex::new(child.stdin.take());
        Ok(Self { child: Mutex::new(child), orders })
    }

    /// A guardian that somebody killed cannot be told; the run goes on without it.
    fn tell(&self, word: &str, process: u32) {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(orders) = orders.as_mut() {
            let _ = writeln!(orders, "{word} {process}");
        }
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        drop(self.orders.lock().unwrap_or_else(PoisonError::into_inner).take());
        let _ = self.child.lock().unwrap_or_else(PoisonError::into_inner).wait();
    }
}

/// A child that does not outlive its handle.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    guardian: Arc<Guardian>,
}

impl Running {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// An error when the child has ended by itself.
    pub(crate) fn check(&mut self) -> Outcome<()> {
        match self.child.try_wait()? {
            Some(status) => Err(format!("it ended: {status}").into()),
            None => Ok(()),
        }
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> Outcome<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Sends a signal by name, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) -> Outcome<()> {
        send(name, self.id())
    }

    /// Waits for its end, for 30 seconds at the most.
    pub(crate) fn end(&mut self, processes: &Processes) -> Outcome<ExitStatus> {
        processes.wait_for("the end of a process", || Ok(self.child.try_wait()?.is_some()))?;
        Ok(self.child.wait()?)
    }
}

impl Drop for Running {
    /// Killed, not asked: nothing that a server here holds is worth waiting for.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.guardian.tell("forget", self.id());
    }
}

/// Sends a signal by name to one process.
pub(crate) fn send(name: &str, process: u32) -> Outcome<()> {
    let sent = Command::new("kill").args(["-s", name, &process.to_string()]).status()?;
    if sent.success() {
        Ok(())
    } else {
        Err(format!("kill -s {name} {process} was refused").into())
    }
}
