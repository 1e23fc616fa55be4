//! `shop-switch` and `shop-switches`: what is left out under load.

use clap::{Arg, ArgMatches, Command};
use evidence::cli::Extra;
use foundation::backing::Backing;
use foundation::module::StartFailure;
use secrecy::SecretString;

use super::exit;
use crate::store::switches;
use crate::switches::Switch;

/// Turns one.
pub(super) static SWITCH: Extra =
    Extra { command: switch_command, run: |matches| exit(turn(matches)) };
/// Shows all.
pub(super) static SWITCHES: Extra =
    Extra { command: switches_command, run: |matches| exit(show(matches)) };

/// The database of a subcommand.
pub(super) fn database_argument() -> Arg {
    Arg::new("database_url")
        .long("database-url")
        .env("DATABASE_URL")
        .hide_env_values(true)
        .value_name("URL")
        .help("PostgreSQL of the shop. Without it: the private one that `serve` uses")
}

pub(super) fn backing(matches: &ArgMatches) -> Result<Backing, StartFailure> {
    let url = matches.get_one::<String>("database_url").cloned().map(SecretString::from);
    Ok(Backing::find(url.as_ref())?)
}

fn switch_command() -> Command {
    let names = Switch::ALL.map(Switch::name);
    Command::new("shop-switch")
        .visible_alias("switch")
        .about("Turn something off under load, or on again, on all servers within a second")
        .arg(Arg::new("name").required(true).value_parser(names))
        .arg(Arg::new("to").required(true).value_parser(["on", "off"]))
        .arg(database_argument())
}

fn turn(matches: &ArgMatches) -> Result<(), StartFailure> {
    let text = |name| matches.get_one::<String>(name).map(String::as_str).unwrap_or_default();
    let mut connection = backing(matches)?.connect()?;
    switches::turn(&mut connection, text("name"), text("to") == "on")?;
    print(&mut connection)
}

fn switches_command() -> Command {
    Command::new("shop-switches")
        .visible_alias("switches")
        .about("Show what is turned off under load, and since when")
        .arg(database_argument())
}

fn show(matches: &ArgMatches) -> Result<(), StartFailure> {
    print(&mut backing(matches)?.connect()?)
}

fn print(connection: &mut diesel::PgConnection) -> Result<(), StartFailure> {
    for switches::Switch { name, on, changed_at } in switches::all(connection)? {
        let state = if on { "on" } else { "off" };
        println!("{name:16} {state:4} since {}", changed_at.format("%Y-%m-%d %H:%M:%S UTC"));
    }
    Ok(())
}
