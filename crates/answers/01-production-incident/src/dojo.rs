//! `dojo`: a blind incident at a prompt, with a live load, a clock and a postmortem at the end.

mod clock;
mod commands;
mod feed;
mod postmortem;
mod session;

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};

use clap::{Args, FromArgMatches};
use evidence::cli::Extra;
use evidence::{Failure, Interrupt};
use local_services::Purpose;

use crate::faults::Fault;
use session::Session;

/// The subcommand, for the command line of this answer and for the backend's.
pub const DOJO: Extra = Extra { command, run };

/// Exit code after Ctrl-C: 128 + SIGINT, as shells have it.
const STOPPED: u8 = 130;

/// How to practise.
#[derive(Args, Debug)]
struct Arguments {
    /// Picks one of the six faults, blindly; the same seed is the same fault. Without it: any
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Practise one fault instead, which is then no secret
    #[arg(long, value_name = "NAME", value_parser = fault)]
    fault: Option<Fault>,
    /// Begin with the first hint
    #[arg(long)]
    hints: bool,
    /// Write the postmortem here instead of printing it
    #[arg(long, value_name = "FILE")]
    postmortem: Option<PathBuf>,
}

fn fault(name: &str) -> Result<Fault, String> {
    let names: Vec<&str> = Fault::ALL.into_iter().map(Fault::name).collect();
    Fault::named(name).ok_or_else(|| format!("there are {}", names.join(", ")))
}

fn command() -> clap::Command {
    let about = "Find out what is wrong with a service that has just begun to fail\n\n\
                 Type commands at the prompt or pipe them in; `help` lists them. At the end a \
                 blameless postmortem is written. Exit codes: 0 resolved, 1 not, 130 stopped.";
    Arguments::augment_args(clap::Command::new("dojo").about(about))
}

fn run(matches: &clap::ArgMatches) -> ExitCode {
    let arguments = match Arguments::from_arg_matches(matches) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let interrupt = Interrupt::default();
    let (sender, inputs) = channel();
    stop_on_signal(&interrupt, sender.clone());
    read_lines(sender);
    let resolved = play(&arguments, &interrupt, &inputs);
    match resolved {
        _ if interrupt.requested() => ExitCode::from(STOPPED),
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What comes from outside.
enum Input {
    Line(String),
    /// Nothing follows, or the reader wants to leave.
    End,
}

fn stop_on_signal(interrupt: &Interrupt, sender: Sender<Input>) {
    let interrupt = interrupt.clone();
    let handler = move || {
        interrupt.request();
        let _ = sender.send(Input::End);
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        eprintln!("Ctrl-C will not clean up: {error}");
    }
}

/// On a thread of its own, as a read of standard input cannot be interrupted.
fn read_lines(sender: Sender<Input>) {
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(Input::Line(line)).is_err() {
                return;
            }
        }
        let _ = sender.send(Input::End);
    });
}

/// Whether the incident was resolved.
fn play(
    arguments: &Arguments,
    interrupt: &Interrupt,
    inputs: &Receiver<Input>,
) -> Result<bool, Failure> {
    let seed = arguments.seed.unwrap_or_else(any_seed);
    let fault = arguments.fault.unwrap_or_else(|| Fault::blind(seed));
    if arguments.fault.is_none() {
        say(&format!("Seed {seed}: the same again with `--seed {seed}`."));
    }
    say("An order-lookup service is starting, with customers who use it …");
    let mut session = Session::start(fault, Purpose::Demo, interrupt)?;
    say(&session.alert());
    if arguments.hints {
        say(&session.execute("hint").text);
    }
    prompt(&session);
    while let Ok(Input::Line(line)) = inputs.recv() {
        let reply = session.execute(&line);
        say(&reply.text);
        if reply.over || interrupt.requested() {
            break;
        }
        prompt(&session);
    }
    say("");
    let (resolved, text) = session.finish();
    deliver(&text, arguments.postmortem.as_ref());
    Ok(resolved)
}

/// Small enough to be typed again.
fn any_seed() -> u64 {
    u64::from(chrono::Utc::now().timestamp_subsec_micros()) % 1_000
}

/// To the file that was asked for, and to the screen where that fails: it is not to be lost.
fn deliver(text: &str, file: Option<&PathBuf>) {
    match file.map(|file| (file, std::fs::write(file, text))) {
        Some((file, Ok(()))) => say(&format!("The postmortem is in {}.", file.display())),
        Some((file, Err(error))) => {
            eprintln!("error: the postmortem cannot be written to {}: {error}", file.display());
            say(text);
        }
        None => say(text),
    }
}

/// A reader that went away (`| head`) is no reason to fail, or to leave anything behind.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
}

fn prompt(session: &Session) {
    let mut out = std::io::stdout().lock();
    let _ = write!(out, "\n[{}] > ", session.state()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests;
