//! `architecture-diagram`, and `architecture-desk`, the process that the demo and a test kill.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use evidence::cli::Extra;
use evidence::{Failure, Outcome, workspace};
use secrecy::SecretString;

use crate::desk::{Desk, Way};
use crate::floors::{self, Arrows, Unread};
use crate::{diagram, page};

/// Both of them.
pub static EXTRAS: [Extra; 2] = [
    Extra { command: diagram_command, run: |matches| exit(draw(matches)) },
    Extra { command: desk_command, run: |matches| exit(desk(matches)) },
];

fn diagram_command() -> Command {
    let flag =
        |name: &'static str, help| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    Command::new("architecture-diagram")
        .about("Draw the crates of this repository on their floors, from cargo metadata")
        .arg(flag("svg", "As a picture instead of text"))
        .arg(flag("update", "Bring docs/architecture.md and its picture up to date instead"))
}

fn draw(matches: &ArgMatches) -> Outcome {
    let arrows = floors::read()?;
    if matches.get_flag("update") {
        return update(&workspace::root().ok_or(Unread::AwayFromHome)?, &arrows);
    }
    let svg = matches.get_flag("svg");
    let drawn = if svg { diagram::svg(&arrows) } else { diagram::text(&arrows) };
    std::io::stdout().write_all(drawn.as_bytes())?;
    Ok(())
}

fn update(root: &Path, arrows: &Arrows) -> Outcome {
    let path = root.join(page::PAGE);
    let updated = page::updated(&std::fs::read_to_string(&path)?, arrows);
    std::fs::write(path, updated.ok_or("docs/architecture.md lacks a marker")?)?;
    std::fs::write(root.join(page::PICTURE), diagram::svg(arrows))?;
    Ok(())
}

#[derive(Args)]
struct DeskArgs {
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: SecretString,
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    redis_url: Option<SecretString>,
    #[arg(long)]
    way: String,
    #[arg(long)]
    post: SocketAddr,
    #[arg(long)]
    orders: u32,
}

fn desk_command() -> Command {
    let about = "Take orders and send their mails until killed; the demo kills it";
    DeskArgs::augment_args(Command::new("architecture-desk").about(about).hide(true))
}

/// Tells on standard output of each order that was answered, and ends with its standard input.
fn desk(matches: &ArgMatches) -> Outcome {
    let DeskArgs { database_url, redis_url, way, post, orders } =
        DeskArgs::from_arg_matches(matches)?;
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    let way = Way::parse(&way).ok_or("there is no such way")?;
    actix_web::rt::System::new().block_on(async {
        let desk = Desk::open(way, &database_url, post, redis_url.as_ref())?;
        println!("ready");
        desk.take_all(orders, |order| println!("answered {order}")).await?;
        // What was spawned goes on; whoever started this process kills it.
        std::future::pending::<Result<(), Failure>>().await
    })
}

fn exit(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
