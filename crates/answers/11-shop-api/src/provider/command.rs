//! `shop-provider`: the provider as a process of its own.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

use clap::{ArgMatches, Args, Command, FromArgMatches};
use evidence::cli::Extra;
use foundation::config::duration;
use foundation::module::StartFailure;
use foundation::signature::Secret;
use foundation::testing::Ends;
use secrecy::SecretString;

use super::{Provider, Settings};
use crate::command::exit;
use crate::payments::SECRET_SETTING;

/// The subcommand.
pub static EXTRA: Extra = Extra { command, run };

#[derive(Args)]
struct ProviderArgs {
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// How long a charge takes until it is decided
    #[arg(long, default_value = "200ms", value_parser = duration, value_name = "TIME")]
    delay: Duration,
    /// Share of charges that are declined, 0.0 to 1.0
    #[arg(long, default_value_t = 0.0, value_parser = share, value_name = "SHARE")]
    decline_share: f64,
    /// Share of requests that are answered with 503, 0.0 to 0.99
    #[arg(long, default_value_t = 0.0, value_parser = share, value_name = "SHARE")]
    fail_share: f64,
    /// Share of callbacks that are sent twice, 0.0 to 1.0
    #[arg(long, default_value_t = 0.0, value_parser = share, value_name = "SHARE")]
    duplicate_share: f64,
    /// Where chance begins: the same seed decides the same
    #[arg(long, default_value_t = 7, value_name = "NUMBER")]
    seed: u64,
    /// Where to tell what was decided; may be given more than once, and added to with
    /// POST /endpoints {"url": …}
    #[arg(long, value_name = "URL")]
    callback: Vec<String>,
    /// What callbacks are signed with, 16 characters or more; the same as the shop's
    #[arg(long, env = "SHOP_PAYMENT_SECRET", hide_env_values = true, value_name = "SECRET")]
    secret: SecretString,
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "expected a share from 0.0 to 1.0".to_owned())
}

fn command() -> Command {
    let about = "Be a payment provider for the shop: slow, unsure, and at times down";
    ProviderArgs::augment_args(Command::new("shop-provider").about(about))
}

fn run(matches: &ArgMatches) -> ExitCode {
    exit(serve(matches))
}

fn serve(matches: &ArgMatches) -> Result<(), StartFailure> {
    let arguments = ProviderArgs::from_arg_matches(matches)?;
    let settings = Settings {
        delay: arguments.delay,
        decline_share: arguments.decline_share,
        fail_share: arguments.fail_share,
        duplicate_share: arguments.duplicate_share,
        seed: arguments.seed,
        secret: Secret::of_setting(SECRET_SETTING, &arguments.secret)?,
    };
    let listener = TcpListener::bind(arguments.listen)?;
    let provider = Provider::listen(listener, settings, Ends::AtSignals)?;
    arguments.callback.into_iter().for_each(|url| provider.call_back(url));
    println!("ready {}", provider.url());
    std::io::stdout().flush()?;
    provider.join();
    Ok(())
}
