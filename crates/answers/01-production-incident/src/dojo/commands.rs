//! What can be typed at the prompt.

use std::fmt::Write;

use evidence::Failure;
use foundation::operations::USUAL_CHANGE;
use foundation::telemetry;

use super::session::{Reply, Session};
use crate::console;
use crate::faults::Fault;
use crate::service::Action;

/// The longest note, in characters.
const LONGEST_NOTE: usize = 500;
/// Log lines that `logs` shows unless it is told a number.
const USUAL_LOGS: usize = 10;
const MOST_LOGS: usize = 200;
const REQUESTS: usize = 12;

const HELP: &str = "\
look       status                how it goes: failures by wave and route, health
           metrics [filter]      what Prometheus scrapes, lines that hold the filter
           logs [n]              the newest log lines
           slow                  slow and failed requests, with their spans
           request ID            one request, by its id
           activity              sessions of the database, and who blocks whom
           log-level [FILTER]    what is logged, changed for a while
stop it    mitigate ACTION       ";

const HELP_END: &str = "
find it    guess FAULT           ";

const HELP_TAIL: &str = "
           fix                   deploy the fix, once the guess is right
besides    hint                  from vague to plain, three of them
           note TEXT             for the communication log
           help, quit            quit writes the postmortem";

pub(super) fn execute(session: &mut Session, line: &str) -> Reply {
    let (command, rest) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
    let rest = rest.trim();
    if command == "quit" || command == "exit" {
        return Reply { text: String::new(), over: true };
    }
    let answer = match command {
        "" => Ok(String::new()),
        "help" => Ok(help()),
        "status" => Ok(status(session)),
        "metrics" => session.service.exposition().map(|text| console::metrics(&text, rest)),
        "logs" => logs(session, rest),
        "slow" => Ok(slow(session)),
        "request" => Ok(request(session, rest)),
        "activity" => session.service.sessions().map(|sessions| console::activity(&sessions)),
        "log-level" => log_level(rest),
        "mitigate" => mitigate(session, rest),
        "guess" => Ok(guess(session, rest)),
        "fix" => fix(session),
        "hint" => Ok(hint(session)),
        "note" => note(session, rest),
        unknown => {
            Err(format!("there is no `{}`; `help` lists what there is", plain(unknown)).into())
        }
    };
    let text = answer.unwrap_or_else(|error| format!("Not done: {error}."));
    Reply { text, over: false }
}

fn help() -> String {
    let actions: Vec<String> = Action::all().iter().map(ToString::to_string).collect();
    let faults = Fault::ALL.map(Fault::name);
    let indent = format!("\n{}", " ".repeat(33));
    format!("{HELP}{}{HELP_END}{}{HELP_TAIL}", actions.join(&indent), faults.join(&indent))
}

fn status(session: &Session) -> String {
    let tally = session.feed.tally();
    let recent: Vec<String> = tally.recent.iter().map(ToString::to_string).collect();
    let mut text = format!(
        "{} since the alert. Failed of 12 requests, wave by wave: {}\n\
         {} of {} requests failed in all. /health/live answered after {} ms.",
        session.elapsed(),
        recent.join(" "),
        tally.failed,
        tally.requests,
        tally.seen.live_ms,
    );
    for ((route, outcome), count) in &tally.failures {
        let _ = write!(text, "\n{count:6} × {}: {outcome}", route.name());
    }
    if let Some(id) = &tally.last_failed {
        let _ = write!(text, "\nThe newest that failed: `request {id}`.");
    }
    text
}

fn logs(session: &Session, count: &str) -> Result<String, Failure> {
    let count = match count {
        "" => USUAL_LOGS,
        number => number.parse::<usize>().map_err(|_| "`logs` takes a number")?.min(MOST_LOGS),
    };
    let lines = session.tap.lines();
    let newest = lines.iter().skip(lines.len().saturating_sub(count));
    let newest: Vec<String> = newest.map(ToString::to_string).collect();
    Ok(if newest.is_empty() { "nothing was logged".to_owned() } else { newest.join("\n") })
}

fn slow(session: &Session) -> String {
    let log = session.service.metrics.request_log();
    let mut found = log.slow(REQUESTS);
    found.extend(log.failed(REQUESTS));
    found.sort_by_key(|request| std::cmp::Reverse(request.finished_at));
    found.dedup_by_key(|request| request.request_id.to_string());
    found.truncate(REQUESTS);
    console::requests(&found)
}

fn request(session: &Session, id: &str) -> String {
    match id {
        "" => "`request` takes an id, such as one that `slow` shows.".to_owned(),
        id => console::requests(&session.service.metrics.request_log().find(id)),
    }
}

fn log_level(filter: &str) -> Result<String, Failure> {
    let level = telemetry::log_level().ok_or("logging is not set up")?;
    let state = match filter {
        "" => level.current(),
        filter => level.change(filter, USUAL_CHANGE)?,
    };
    let until = state.until.map(|until| format!(", until {}", until.format("%H:%M:%S UTC")));
    Ok(format!("logged is {}{}", state.filter, until.unwrap_or_default()))
}

fn mitigate(session: &mut Session, name: &str) -> Result<String, Failure> {
    let action = Action::named(name).ok_or("there is no such action; `help` lists them")?;
    session.act(action)
}

fn guess(session: &mut Session, name: &str) -> String {
    let Some(guess) = Fault::named(name) else {
        return "Not done: there is no such fault; `help` lists them.".to_owned();
    };
    session.record.guesses.push((std::time::Instant::now(), guess));
    session.record.say(format!("suspected: {}", guess.case().title));
    let seen = session.feed.tally().seen_failing.unwrap_or_default();
    let evidence = (guess.case().evidence)(&seen);
    if session.record.is_found() {
        return format!(
            "Yes. {}.\nEvidence, while requests failed: {}.\n`fix` deploys: {}.",
            console::sentence(guess.case().cause),
            evidence.text,
            guess.case().fix
        );
    }
    format!("No. It would show as something else than this: {}.", evidence.text)
}

fn fix(session: &mut Session) -> Result<String, Failure> {
    if !session.record.is_found() {
        return Err("a fix for what? `guess` first".into());
    }
    if session.record.fixed.is_some() {
        return Err("it is deployed".into());
    }
    let outcome = session.fix()?;
    Ok(format!("{outcome}. `quit` writes the postmortem."))
}

fn hint(session: &mut Session) -> String {
    let hints = &session.record.case.hints;
    let Some(hint) = hints.get(session.record.hints) else {
        return format!("There are no more. The last one was:\n{}", hints[hints.len() - 1]);
    };
    session.record.hints += 1;
    (*hint).to_owned()
}

fn note(session: &mut Session, text: &str) -> Result<String, Failure> {
    if text.is_empty() {
        return Err("`note` takes a sentence".into());
    }
    session.record.say(plain(text));
    Ok("noted".to_owned())
}

/// What somebody typed, fit for a terminal and a file.
fn plain(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(LONGEST_NOTE).collect()
}
