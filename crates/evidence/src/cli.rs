//! The command line that every answer crate and the `backend` binary share.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{ArgMatches, Args, Command, CommandFactory, FromArgMatches, Parser};

use crate::terminal::{BAD, BOLD, DIM, GOOD, WARN, paint, summary_table, width};
use crate::{
    Answer, Event, Interrupt, JsonLines, Quantity, Recorder, RunOptions, Scale, Sink, Tee,
    Terminal, Unit, Verdict, record, workspace,
};

/// Exit code of a run that somebody stopped: 128 + SIGINT, as shells have it.
const STOPPED: u8 = 130;

/// How to perform a demo.
#[derive(Args, Clone, Debug, Default)]
pub struct DemoArgs {
    /// How much data: quick takes at most 5 s, default 60 s, full is the size the question is about
    #[arg(long, value_enum, default_value_t = Scale::Default, hide_possible_values = true, value_name = "quick|default|full")]
    pub scale: Scale,
    /// Seed of every random choice, so that a run can be repeated
    #[arg(long, default_value_t = 42, value_name = "N")]
    pub seed: u64,
    /// Print one JSON object per event, for scripts
    #[arg(long)]
    pub json: bool,
    /// Ask for your guess before each number is measured
    #[arg(long, conflicts_with = "json")]
    pub predict: bool,
    /// Flip a switch of the demo, such as index-dropped, and see which claims break
    #[arg(long = "switch", value_name = "NAME", conflicts_with = "record")]
    pub switches: Vec<String>,
    /// Keep the run: events, charts, and the numbers in the answer's README
    #[arg(long)]
    pub record: bool,
    /// Record even a debug build, whose times mean little
    #[arg(long, requires = "record")]
    pub force: bool,
}

#[derive(Parser)]
#[command(
    after_help = "Exit codes: 0 every claim held, 1 one did not, 2 wrong usage, 130 stopped."
)]
struct Arguments {
    #[command(flatten)]
    demo: DemoArgs,
}

/// A subcommand that an answer brings beside its demo. Plain functions, so that a list of them can
/// be a `const` of the answer's crate.
#[derive(Clone, Copy, Debug)]
pub struct Extra {
    /// Its name, help and arguments. Of two with one name the first is run.
    pub command: fn() -> Command,
    /// Runs it on the arguments that `command` declared, and gives the exit code of the process.
    pub run: fn(&ArgMatches) -> ExitCode,
}

impl Extra {
    /// Adds `extras` to the subcommands of `command`.
    #[must_use]
    pub fn offer(extras: &[Self], command: Command) -> Command {
        command.subcommands(extras.iter().map(|extra| (extra.command)()))
    }

    /// Runs the one of `extras` that `matches` asks for; `None` when it asks for none of them.
    #[must_use]
    pub fn run_asked(extras: &[Self], matches: &ArgMatches) -> Option<ExitCode> {
        let (name, matches) = matches.subcommand()?;
        let extra = extras.iter().find(|extra| (extra.command)().get_name() == name)?;
        Some((extra.run)(matches))
    }
}

/// Performs `answer` as the arguments of this process say; the whole `main` of an answer crate.
///
/// Exit codes: 0 every claim held, 1 one did not or the demo failed, 2 wrong usage, 130 stopped.
#[must_use]
pub fn run(answer: &'static Answer) -> ExitCode {
    run_with(answer, &[])
}

/// As [`run`], for an answer that has subcommands of its own. Without a subcommand it is the demo.
#[must_use]
pub fn run_with(answer: &'static Answer, extras: &[Extra]) -> ExitCode {
    let matches = command(answer, extras).get_matches();
    if let Some(code) = Extra::run_asked(extras, &matches) {
        return code;
    }
    match Arguments::from_arg_matches(&matches) {
        Ok(arguments) => perform(&[answer], &arguments.demo),
        Err(error) => error.exit(),
    }
}

fn command(answer: &Answer, extras: &[Extra]) -> Command {
    let about = format!(
        "{}. {}\n\nRuns the demo of this answer: the wrong way failing, the right way passing, and \
         the numbers you may quote, measured here.",
        answer.number, answer.title
    );
    let demo = Arguments::command().name(answer.slug).about(about);
    Extra::offer(extras, demo.args_conflicts_with_subcommands(true))
}

/// Performs each of `answers` in turn, until one is interrupted. Several are summed up in a table
/// at the end. The exit code is that of [`run`], 1 when any of them failed.
///
/// Takes over Ctrl-C and SIGTERM: the first asks the demo to stop and drops its scratch data, the
/// second ends the process at once.
#[must_use]
pub fn perform(answers: &[&'static Answer], arguments: &DemoArgs) -> ExitCode {
    let interrupt = Interrupt::default();
    stop_on_signal(&interrupt);
    let mut results = Vec::new();
    for answer in answers {
        if interrupt.requested() {
            break;
        }
        results.push(perform_one(answer, arguments, &interrupt, shown(answer, arguments)));
    }
    if answers.len() > 1 && !arguments.json {
        anstream::print!("{}", summary(&results));
    }
    if interrupt.requested() {
        ExitCode::from(STOPPED)
    } else if results.iter().all(Performed::is_good) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Performs a demo without showing it, until `interrupt` is requested; gives everything that happened.
#[must_use]
pub fn run_quietly(
    answer: &'static Answer,
    scale: Scale,
    seed: u64,
    interrupt: &Interrupt,
) -> Vec<Event> {
    let recorder = Arc::new(Recorder::default());
    let options = RunOptions { scale, seed, interrupt: interrupt.clone(), switches: Vec::new() };
    crate::run(answer, &options, recorder.clone());
    recorder.events()
}

/// How one run of several ended.
struct Performed {
    answer: &'static Answer,
    verdict: Verdict,
    tally: (u32, u32),
    seconds: f64,
    /// The README's one line with the numbers of this run.
    headline: String,
    recorded: bool,
}

impl Performed {
    fn is_good(&self) -> bool {
        self.verdict == Verdict::Passed && self.recorded
    }
}

fn perform_one(
    answer: &'static Answer,
    arguments: &DemoArgs,
    interrupt: &Interrupt,
    shown: Arc<dyn Sink>,
) -> Performed {
    let recorder = Arc::new(Recorder::default());
    let sink = Tee::new(vec![shown, recorder.clone()]);
    let DemoArgs { scale, seed, switches, .. } = arguments.clone();
    let options = RunOptions { scale, seed, interrupt: interrupt.clone(), switches };
    let verdict = crate::run(answer, &options, Arc::new(sink));
    let events = recorder.events();
    let recorded = !arguments.record || keep(answer, &events, arguments.force);
    let (tally, seconds) = match events.last() {
        Some(Event::Finished { passed, failed, seconds, .. }) => ((*passed, *failed), *seconds),
        _ => ((0, 0), 0.0),
    };
    let headline = record::headline(answer.readme, &events).unwrap_or_default();
    Performed { answer, verdict, tally, seconds, headline, recorded }
}

fn shown(answer: &Answer, arguments: &DemoArgs) -> Arc<dyn Sink> {
    if arguments.json {
        return Arc::new(JsonLines::new(std::io::stdout()));
    }
    let terminal = Terminal::new((answer.needs)(arguments.scale));
    Arc::new(if arguments.predict { terminal.predicting() } else { terminal })
}

/// Records a run and says where; tells on standard error why where it could not.
fn keep(answer: &Answer, events: &[Event], force: bool) -> bool {
    let Some(root) = workspace::root() else {
        anstream::eprintln!("{} run this inside the project", paint(BAD, "not recorded:"));
        return false;
    };
    let folder = workspace::answer_folder(answer);
    match record::write(&root.join(&folder), events, force) {
        Ok(()) => {
            anstream::eprintln!("recorded in {}", folder.display());
            true
        }
        Err(error) => {
            anstream::eprintln!("{} {error}", paint(BAD, "not recorded:"));
            false
        }
    }
}

/// Requests the interrupt at Ctrl-C or SIGTERM; the second one ends the process at once.
///
/// The handler can be set once per process; a second call leaves the first in place.
pub fn stop_on_signal(interrupt: &Interrupt) {
    let interrupt = interrupt.clone();
    let asked = AtomicBool::new(false);
    let handler = move || {
        if asked.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(STOPPED));
        }
        anstream::eprintln!(
            "\n{}",
            paint(WARN, "stopping, cleaning up … (again to leave at once)")
        );
        // On a thread of its own, as a hook that hangs must not hold up the second signal.
        let interrupt = interrupt.clone();
        std::thread::spawn(move || interrupt.request());
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        anstream::eprintln!("{}", paint(DIM, &format!("Ctrl-C will not clean up: {error}")));
    }
}

fn summary(results: &[Performed]) -> String {
    let header = ["", "question", "verdict", "claims", "time", "the number to remember"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for result in results {
        let Performed { answer, verdict, tally: (passed, failed), seconds, headline, .. } = result;
        rows.push(vec![
            answer.number.to_string(),
            answer.slug.to_owned(),
            word(*verdict).to_owned(),
            format!("{passed}/{}", passed + failed),
            Quantity { value: *seconds, unit: Unit::Seconds }.to_string(),
            headline.clone(),
        ]);
    }
    let table = summary_table(rows, &[0, 3, 4], width());
    let mut lines = table.lines();
    let head = lines.next().map(|line| paint(BOLD, line));
    let rest = lines.map(|line| {
        let verdicts = [Verdict::Passed, Verdict::Failed, Verdict::Interrupted];
        verdicts.into_iter().fold(line.to_owned(), |line, verdict| coloured(&line, verdict))
    });
    std::iter::once(String::new()).chain(head).chain(rest).map(|line| line + "\n").collect()
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "✓ passed",
        Verdict::Failed => "✗ failed",
        Verdict::Interrupted => "■ stopped",
    }
}

fn coloured(line: &str, verdict: Verdict) -> String {
    let style = match verdict {
        Verdict::Passed => GOOD,
        Verdict::Failed => BAD,
        Verdict::Interrupted => WARN,
    };
    line.replacen(word(verdict), &paint(style, word(verdict)), 1)
}

#[cfg(test)]
mod tests;
