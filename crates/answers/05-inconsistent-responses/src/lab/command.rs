//! `lab`: the two instances alone, to be probed by hand.

use std::process::ExitCode;

use clap::{ArgMatches, Args, Command, FromArgMatches};
use evidence::Failure;
use evidence::cli::Extra;
use foundation::scratch::Scratch;
use local_services::Purpose;

use super::{Lab, Setup};

/// The subcommand `lab`.
pub(crate) const LAB: Extra = Extra { command, run };

/// Serves the orders of two instances that disagree, until Ctrl-C
#[derive(Args, Clone, Debug)]
struct LabArgs {
    /// Fix a cause: skew, copy or order; may be repeated
    #[arg(long, value_name = "CAUSE", value_parser = ["skew", "copy", "order"])]
    fix: Vec<String>,
}

fn command() -> Command {
    LabArgs::augment_args(Command::new("lab"))
}

fn run(matches: &ArgMatches) -> ExitCode {
    let outcome = LabArgs::from_arg_matches(matches)
        .map_err(Into::into)
        .and_then(|arguments| serve(arguments.setup()));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(setup: Setup) -> Result<(), Failure> {
    let scratch = Scratch::create(Purpose::Demo)?;
    super::create(&scratch)?;
    let lab = Lab::open(&scratch, setup)?;
    actix_web::rt::System::new().block_on(async {
        lab.let_a_copy_grow_old().await?;
        println!("through the balancer: {}", lab.orders());
        lab.orders_of_each().iter().for_each(|url| println!("one instance: {url}"));
        println!("each time another quote: {}", lab.quote());
        tokio::signal::ctrl_c().await?;
        Ok(())
    })
}

impl LabArgs {
    fn setup(&self) -> Setup {
        self.fix.iter().fold(Setup::AS_REPORTED, |setup, cause| match cause.as_str() {
            "skew" => setup.one_release(),
            "copy" => setup.checked_copy(),
            _ => setup.total_order(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{FromArgMatches, LabArgs, Setup, command};

    #[test]
    fn each_cause_may_be_fixed_by_name() {
        let parse = |words: &[&str]| {
            let matches = command().try_get_matches_from(words)?;
            LabArgs::from_arg_matches(&matches).map(|arguments| arguments.setup())
        };
        let reported = Setup::AS_REPORTED;
        let cases = [
            (&["lab"][..], reported),
            (&["lab", "--fix", "skew"], reported.one_release()),
            (&["lab", "--fix", "copy", "--fix", "order"], reported.checked_copy().total_order()),
            (&["lab", "--fix", "order", "--fix", "copy", "--fix", "skew"], Setup::fixed()),
        ];
        for (words, setup) in cases {
            assert_eq!(parse(words).unwrap(), setup, "{words:?}");
        }
        assert_eq!(parse(&["lab", "--fix", "cache"]).unwrap_err().exit_code(), 2);
    }
}
