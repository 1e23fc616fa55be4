//! Child processes: how they are run, stopped and weighed.

use std::fs;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::Outcome;

/// Ctrl-C or SIGTERM. Whoever waits asks for it, returns, and so drops what was started.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    pub(crate) fn install() -> Outcome<Self> {
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&interrupted);
        ctrlc::set_handler(move || flag.store(true, Ordering::SeqCst))?;
        Ok(Self(interrupted))
    }

    pub(crate) fn check(&self) -> Outcome<()> {
        if self.0.load(Ordering::SeqCst) { Err(Interrupted.into()) } else { Ok(()) }
    }
}

/// The error of a run that was told to stop.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// A child that does not outlive its handle.
#[derive(Debug)]
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(command: &mut Command) -> Outcome<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.spawn().map(Self).map_err(|error| format!("cannot run {name}: {error}").into())
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// An error when the child has ended by itself.
    pub(crate) fn check(&mut self) -> Outcome<()> {
        match self.0.try_wait()? {
            Some(status) => Err(format!("it ended: {status}").into()),
            None => Ok(()),
        }
    }
}

impl Drop for Running {
    /// Killed, not asked: nothing that a server here holds is worth waiting for.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a command to its end and returns what it printed.
pub(crate) fn output_of(command: &mut Command, interrupt: &Interrupt) -> Outcome<String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = Running::start(command)?;
    while child.0.try_wait()?.is_none() {
        interrupt.check()?;
        std::thread::sleep(Duration::from_millis(5));
    }
    // Ctrl-C in a terminal ends the child too; what it then printed is no result.
    interrupt.check()?;
    let Output { status, stdout, stderr } = collect(&mut child)?;
    if !status.success() {
        return Err(format!("{name}: {status}\n{}", String::from_utf8_lossy(&stderr)).into());
    }
    Ok(String::from_utf8(stdout)?)
}

/// Fine for the little that is printed here; a full pipe would block the child.
fn collect(child: &mut Running) -> Outcome<Output> {
    use std::io::Read;
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    if let Some(pipe) = &mut child.0.stdout {
        pipe.read_to_end(&mut stdout)?;
    }
    if let Some(pipe) = &mut child.0.stderr {
        pipe.read_to_end(&mut stderr)?;
    }
    Ok(Output { status: child.0.wait()?, stdout, stderr })
}

/// Asks until the answer is yes.
pub(crate) fn wait_for(
    what: &str,
    interrupt: &Interrupt,
    mut is_there: impl FnMut() -> Outcome<bool>,
) -> Outcome<()> {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_there()? {
        interrupt.check()?;
        if Instant::now() > end {
            return Err(format!("{what}: not within 20 seconds").into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Resident memory in bytes; 0 where `ps` does not tell.
pub(crate) fn resident_memory(process: u32) -> u64 {
    let printed = Command::new("ps").args(["-o", "rss=", "-p", &process.to_string()]).output();
    let kibibytes = printed.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    kibibytes.and_then(|text| text.trim().parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// CPU time of all threads so far. From the scheduler's own account in nanoseconds, instead of
/// utime + stime, which count in hundredths of a second. `None` where there is no /proc.
pub(crate) fn cpu_time(process: u32) -> Option<Duration> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).ok()?;
    let of_thread = |thread: fs::DirEntry| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
    };
    Some(threads.filter_map(Result::ok).filter_map(of_thread).sum())
}

/// CPU time of the processes that PostgreSQL serves connections and background work with.
pub(crate) fn cpu_time_of_children(parent: u32) -> Option<Duration> {
    let is_child = |stat: &str| {
        // The name in parentheses may hold spaces; state and parent follow it.
        let (_, after_name) = stat.rsplit_once(')')?;
        after_name.split_whitespace().nth(1)?.parse().ok().map(|found: u32| found == parent)
    };
    let processes = fs::read_dir("/proc").ok()?.filter_map(Result::ok);
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let children = ids.filter(|id| {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        is_child(&stat).unwrap_or(false)
    });
    Some(children.filter_map(cpu_time).sum())
}
