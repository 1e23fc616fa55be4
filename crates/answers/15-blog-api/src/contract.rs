//! The contract: an OpenAPI document for each version, committed beside the code.
//!
//! It is first, in that a change to it is what is reviewed; it is true, as a test compares it with
//! what the code serves; and it is kept, as [`gate`] compares it with the one before.

pub mod gate;
mod schema;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use actix_web::rt::System;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use evidence::cli::Extra;
use evidence::workspace;
use foundation::http::{Mount, describe};
use foundation::testing::TestApp;
use serde_json::{Value, json};

use crate::recorded_client;

/// One version's document.
#[derive(Debug)]
pub struct Contract {
    /// Its file below the crate's folder.
    pub file: &'static str,
    /// The committed text.
    pub committed: &'static str,
    version: &'static str,
    prefix: &'static str,
    routes: Mount,
}

/// The contract of version 1.
pub static V1: Contract = Contract {
    file: "contract/blog-v1.json",
    committed: include_str!("../contract/blog-v1.json"),
    version: "1",
    prefix: "/api/v1/",
    routes: crate::routes_v1,
};

/// The contract of version 2.
pub static V2: Contract = Contract {
    file: "contract/blog-v2.json",
    committed: include_str!("../contract/blog-v2.json"),
    version: "2",
    prefix: "/api/v2/",
    routes: crate::routes_v2,
};

/// `contract check OLD NEW`, `contract write` and `contract record`, beside the demo and the server.
pub const SUBCOMMAND: Extra = Extra { command, run };

type Failure = Box<dyn std::error::Error>;

impl Contract {
    /// What the code of this build serves.
    ///
    /// # Errors
    /// When the description cannot be written as JSON.
    pub fn served(&self) -> Result<Value, serde_json::Error> {
        let described = serde_json::to_value(describe(&[self.routes]))?;
        let mut paths = described["paths"].as_object().cloned().unwrap_or_default();
        paths.retain(|path, _| path.starts_with(self.prefix));
        let paths = Value::Object(paths);
        let mut schemas = described["components"]["schemas"].as_object().cloned();
        let used = used_schemas(&paths, &described);
        schemas.iter_mut().for_each(|schemas| schemas.retain(|name, _| used.contains(name)));
        Ok(json!({
            "openapi": described["openapi"],
            "info": {"title": "Blog", "version": self.version},
            "paths": paths,
            "components": {"schemas": schemas},
        }))
    }

    /// The committed document.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn read(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_str(self.committed)
    }
}

/// The schemas that are referred to, also by each other: those of other routes are no part of it.
fn used_schemas(paths: &Value, described: &Value) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    let mut unread = vec![paths];
    while let Some(value) = unread.pop() {
        match value {
            Value::Array(items) => unread.extend(items),
            Value::Object(members) => {
                let name = members.get("$ref").and_then(schema::name);
                if let Some(name) = name.filter(|name| used.insert((*name).to_owned())) {
                    unread.push(&described["components"]["schemas"][name]);
                }
                unread.extend(members.values());
            }
            _ => {}
        }
    }
    used
}

fn command() -> Command {
    let file =
        |name, help| Arg::new(name).required(true).value_parser(value_parser!(PathBuf)).help(help);
    let breaking = Arg::new("breaking").long("breaking").action(ArgAction::SetTrue);
    Command::new("contract")
        .about("Check or write the OpenAPI documents of this API")
        .subcommand_required(true)
        .subcommand(
            Command::new("check")
                .about("Fail when NEW breaks a client of OLD; both are OpenAPI 3.1 in JSON")
                .args([file("OLD", "The contract that clients have"), file("NEW", "The next one")]),
        )
        .subcommand(
            Command::new("write")
                .about("Write what the code serves, unless it breaks a client of what is there")
                .arg(breaking.help("Write it all the same, as before the first release")),
        )
        .subcommand(
            Command::new("record")
                .about("Record the client of version 1 anew, against a server of this build"),
        )
}

fn run(matches: &ArgMatches) -> ExitCode {
    let outcome = match matches.subcommand() {
        Some(("check", files)) => check(files),
        Some(("write", arguments)) => write(arguments.get_flag("breaking")),
        _ => record(),
    };
    match outcome {
        Ok(broken) if broken.is_empty() => ExitCode::SUCCESS,
        Ok(broken) => {
            broken.iter().for_each(|change| println!("breaks clients: {change}"));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn check(files: &ArgMatches) -> Result<Vec<String>, Failure> {
    let read = |name: &str| -> Result<Value, Failure> {
        let file = files.get_one::<PathBuf>(name).ok_or("two files are needed")?;
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("{}: {error}", file.display()))?;
        Ok(serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?)
    };
    Ok(gate::breaking_changes(&read("OLD")?, &read("NEW")?))
}

/// The crate's folder.
fn folder() -> Result<PathBuf, Failure> {
    let root = workspace::root().ok_or("run this inside the project")?;
    Ok(root.join(workspace::answer_folder(&crate::ANSWER)))
}

fn record() -> Result<Vec<String>, Failure> {
    let app = TestApp::serving(&[&crate::MODULE], &["--rate-limit", "0"]);
    let people = recorded_client::People::of(&app);
    let exchanges = System::new().block_on(recorded_client::record(&people));
    let text = serde_json::to_string_pretty(&exchanges)? + "\n";
    std::fs::write(folder()?.join(recorded_client::FILE), text)?;
    println!("wrote {}", recorded_client::FILE);
    Ok(Vec::new())
}

fn write(breaking: bool) -> Result<Vec<String>, Failure> {
    let (folder, mut broken) = (folder()?, Vec::new());
    for contract in [&V1, &V2] {
        broken.extend(contract.write_to(&folder, breaking)?);
    }
    Ok(broken)
}

impl Contract {
    fn write_to(&self, folder: &Path, breaking: bool) -> Result<Vec<String>, Failure> {
        let served = self.served()?;
        let broken = gate::breaking_changes(&self.read()?, &served);
        if !breaking && !broken.is_empty() {
            return Ok(broken);
        }
        std::fs::write(folder.join(self.file), serde_json::to_string_pretty(&served)? + "\n")?;
        println!("wrote {}", self.file);
        Ok(Vec::new())
    }
}
