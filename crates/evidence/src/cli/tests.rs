use super::*;
use crate::{Needs, Outcome, Stage};

fn one_check(stage: &Stage) -> Outcome {
    stage.check("id", "a claim", stage.seed() != 13);
    Ok(())
}

static ANSWER: Answer = Answer {
    number: 1,
    slug: "none",
    title: "A question",
    readme: "",
    sources: &[],
    recorded: "",
    needs: |_| Needs { rows: 0, disk_bytes: 0, memory_bytes: 0 },
    demo: one_check,
    routes: None,
};

fn arguments(words: &[&str]) -> Result<DemoArgs, clap::Error> {
    let words = std::iter::once("demo").chain(words.iter().copied());
    Arguments::try_parse_from(words).map(|arguments| arguments.demo)
}

#[test]
fn arguments_have_the_documented_defaults() {
    let parsed = arguments(&[]).unwrap();
    assert_eq!((parsed.scale, parsed.seed, parsed.json), (Scale::Default, 42, false));
    assert_eq!(arguments(&["--scale", "quick"]).unwrap().scale, Scale::Quick);
}

#[test]
fn wrong_usage_ends_with_code_2() {
    for words in [&["--scale", "huge"][..], &["--predict", "--json"], &["--force"]] {
        assert_eq!(arguments(words).unwrap_err().exit_code(), 2, "{words:?}");
    }
}

#[test]
fn a_run_is_good_only_when_its_checks_hold() {
    let interrupt = Interrupt::default();
    let perform = |seed| {
        let arguments = DemoArgs { seed, ..DemoArgs::default() };
        perform_one(&ANSWER, &arguments, &interrupt, Arc::new(Recorder::default()))
    };
    assert!(perform(42).is_good());
    let failed = perform(13);
    assert_eq!((failed.is_good(), failed.tally), (false, (0, 1)));
    interrupt.request();
    let stopped = perform(42);
    assert_eq!(stopped.verdict, Verdict::Interrupted);
    let table = summary(&[failed, stopped]);
    assert!(table.contains("✗ failed") && table.contains("■ stopped") && table.contains("0/1"));
}

fn echo_command() -> Command {
    Command::new("echo")
        .arg(clap::Arg::new("code").required(true).value_parser(clap::value_parser!(u8)))
}

fn echo(matches: &ArgMatches) -> ExitCode {
    ExitCode::from(*matches.get_one::<u8>("code").unwrap())
}

const ECHO: Extra = Extra { command: echo_command, run: echo };

#[test]
fn an_answer_may_bring_subcommands_beside_its_demo() {
    let parse = |words: &[&str]| command(&ANSWER, &[ECHO]).try_get_matches_from(words);
    let asked = parse(&["none", "echo", "7"]).unwrap();
    assert_eq!(Extra::run_asked(&[ECHO], &asked), Some(ExitCode::from(7)));
    let demo = parse(&["none", "--scale", "quick"]).unwrap();
    assert_eq!(Extra::run_asked(&[ECHO], &demo), None);
    assert_eq!(Arguments::from_arg_matches(&demo).unwrap().demo.scale, Scale::Quick);
    for words in [&["none", "--json", "echo", "7"][..], &["none", "echo"], &["none", "other"]] {
        assert_eq!(parse(words).unwrap_err().exit_code(), 2, "{words:?}");
    }
}
