//! Rounds of the dojo without a terminal.

use std::sync::MutexGuard;

use super::*;
use crate::turns;

/// A session, and the turn that it takes.
fn started(fault: Fault) -> (MutexGuard<'static, ()>, Session) {
    let turn = turns::take();
    (turn, Session::start(fault, Purpose::Test, &Interrupt::default()).unwrap())
}

/// The commands that a hint names: what stands between backticks.
fn commands_in(hint: &str) -> Vec<String> {
    hint.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Knows nothing, asks for every hint, and does what they say.
fn follows_the_hints(fault: Fault) -> (bool, String) {
    let (_turn, mut session) = started(fault);
    let hints: Vec<String> = (0..3).map(|_| session.execute("hint").text).collect();
    let commands: Vec<String> = hints.iter().flat_map(|hint| commands_in(hint)).collect();
    assert!(commands.iter().any(|command| command.starts_with("guess ")), "{hints:?}");
    for command in &commands {
        session.execute(command);
    }
    session.finish()
}

fn hints_solve(fault: Fault) {
    let (resolved, postmortem) = follows_the_hints(fault);
    assert!(resolved, "{postmortem}");
    assert!(!postmortem.contains("not reached"), "{postmortem}");
}

#[test]
fn whoever_reads_only_the_hints_solves_a_leaked_connection() {
    hints_solve(Fault::LeakedConnection);
}

#[test]
fn whoever_reads_only_the_hints_solves_a_blocking_call() {
    hints_solve(Fault::BlockingCall);
}

#[test]
fn whoever_reads_only_the_hints_solves_a_retry_storm() {
    hints_solve(Fault::RetryStorm);
}

#[test]
fn whoever_reads_only_the_hints_solves_growing_queries() {
    hints_solve(Fault::GrowingQueries);
}

#[test]
fn whoever_reads_only_the_hints_solves_an_unbounded_map() {
    hints_solve(Fault::UnboundedMap);
}

#[test]
fn whoever_reads_only_the_hints_solves_an_idle_transaction() {
    hints_solve(Fault::IdleTransaction);
}

#[test]
fn the_last_hint_alone_is_enough_and_the_first_gives_nothing_away() {
    for fault in Fault::ALL {
        let [first, _, last] = fault.case().hints;
        assert!(!first.contains(fault.name()) && !first.contains("mitigate"), "{first}");
        let commands = commands_in(last);
        assert!(commands.contains(&format!("guess {}", fault.name())), "{last}");
        assert!(commands.contains(&"fix".to_owned()), "{last}");
        for action in fault.case().mitigation {
            assert!(commands.contains(&format!("mitigate {action}")), "{last}");
        }
    }
}

#[test]
fn the_same_seed_is_the_same_fault_on_every_machine() {
    let names: Vec<&str> = (1..=6).map(|seed| Fault::blind(seed).name()).collect();
    assert_eq!(names, EXPECTED_OF_SEEDS);
    for fault in Fault::ALL {
        assert!((0..100).any(|seed| Fault::blind(seed) == fault), "{fault:?} can come");
    }
}

const EXPECTED_OF_SEEDS: [&str; 6] = [
    "idle-transaction",
    "unbounded-map",
    "growing-queries",
    "unbounded-map",
    "retry-storm",
    "retry-storm",
];

#[test]
fn the_postmortem_holds_times_radius_log_and_prevention() {
    let (_turn, mut session) = started(Fault::IdleTransaction);
    session.execute("note told the \u{7}shop by phone");
    session.execute("guess retry-storm");
    session.execute("mitigate terminate-idle");
    session.execute("guess idle-transaction");
    session.execute("fix");
    let (resolved, text) = session.finish();
    assert!(resolved, "{text}");
    for part in [
        "## Times",
        "| detected | ",
        "| mitigated: failures stopped | ",
        "| cause found | ",
        "| fixed | ",
        "requests failed, about",
        "| receipt | 503 | ",
        "Root cause: the price job",
        "Prevention: idle_in_transaction",
        "| lock wait behind an idle transaction | sessions idle in a transaction: 1",
        "told the shop by phone",
        "did `terminate-idle`: 0 of the next",
        "- ",
        "Guesses: 2.",
    ] {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
    assert_eq!(text.matches("ruled out").count(), 5, "{text}");
    assert!(!text.contains("not reached"), "{text}");
}

#[test]
fn an_incident_that_is_left_says_what_was_not_reached() {
    let (_turn, session) = started(Fault::GrowingQueries);
    let (resolved, text) = session.finish();
    assert!(!resolved);
    assert!(text.contains("| mitigated: failures stopped | not reached |"), "{text}");
    assert!(text.contains("| fixed | not reached |"), "{text}");
    assert!(text.contains("handed over, not resolved"), "{text}");
}

#[test]
fn nonsense_at_the_prompt_is_answered_and_changes_nothing() {
    let (_turn, mut session) = started(Fault::RetryStorm);
    let inputs = [
        ("", ""),
        ("sudo", "there is no `sudo`"),
        ("mitigate", "no such action"),
        ("mitigate the weather", "no such action"),
        ("guess", "no such fault"),
        ("fix", "`guess` first"),
        ("logs many", "takes a number"),
        ("note", "takes a sentence"),
        ("request", "takes an id"),
        ("request nobody", "none"),
        ("metrics no_such_metric", "no such metric"),
        ("log-level loud", "Write directives"),
        ("\u{1b}[2J", "there is no `[2J`"),
    ];
    for (line, answer) in inputs {
        let reply = session.execute(line);
        assert!(reply.text.contains(answer), "{line:?}: {}", reply.text);
        assert!(!reply.over, "{line:?}");
    }
    assert!(session.record.actions.is_empty() && session.record.fixed.is_none());
    assert!(session.execute("quit").over);
}

#[test]
fn the_signals_of_the_dojo_are_those_of_the_backend() {
    let (_turn, mut session) = started(Fault::RetryStorm);
    let shown = |session: &mut Session, line: &str| session.execute(line).text;
    let slow = shown(&mut session, "slow");
    assert!(
        slow.contains("/api/v1/orders/{id}/parcel → 503") && slow.contains("carrier"),
        "{slow}"
    );
    let id = slow.split_whitespace().next().unwrap().to_owned();
    assert!(shown(&mut session, &format!("request {id}")).contains(&id));
    assert!(shown(&mut session, "metrics carrier").contains("carrier_calls_total"));
    assert!(shown(&mut session, "logs 50").contains("request shed"));
    assert!(shown(&mut session, "activity").contains("idle"));
    assert!(shown(&mut session, "status").contains("parcel: 503"));
    assert!(shown(&mut session, "log-level production_incident=debug").contains("until"));
    assert!(shown(&mut session, "help").contains("terminate-idle"));
}
