//! `probe URL`: the probe as a command, for any service.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use awc::http::header::{HeaderName, HeaderValue};
use clap::{ArgMatches, Args, Command, FromArgMatches};
use evidence::cli::Extra;
use indicatif::{ProgressBar, ProgressStyle};
use url::Url;

use super::{Pattern, Probe, Report};
use crate::case::Case;

/// The subcommand `probe`.
pub(crate) const PROBE: Extra = Extra { command, run };

/// Wrong usage, or nothing answers.
const NO_REPORT: u8 = 2;

/// Sends one GET many times and tells why the responses differ
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Exit codes: 0 all responses are the same, 1 they differ, 2 wrong usage or \
                  nothing answers."
)]
struct ProbeArgs {
    /// What to ask for, http or https
    #[arg(value_parser = web_address)]
    url: Url,
    /// How many requests
    #[arg(short = 'n', long, default_value_t = 1_000, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=100_000))]
    requests: u32,
    /// How many of them at a time
    #[arg(long, default_value_t = 8, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=256))]
    concurrency: u32,
    /// Send this with every request; may be repeated
    #[arg(long = "header", value_parser = header, value_name = "NAME: VALUE")]
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The response header that names instances
    #[arg(long, default_value = "x-instance", value_name = "NAME")]
    instance_header: HeaderName,
    /// JSON pointer of what may differ, * for any member or element; may be repeated
    #[arg(long, value_name = "POINTER")]
    ignore: Vec<Pattern>,
    /// Use each connection once, for a balancer that chooses by connection
    #[arg(long)]
    fresh_connections: bool,
    /// Seconds that a response may take
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
    /// Bytes of a body, at most
    #[arg(long, default_value_t = 1 << 20, value_name = "BYTES")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=64 << 20))]
    max_body: u32,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Write intake form, updates and closing note as Markdown into this file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

fn command() -> Command {
    ProbeArgs::augment_args(Command::new("probe"))
}

fn run(matches: &ArgMatches) -> ExitCode {
    let outcome = ProbeArgs::from_arg_matches(matches)
        .map_err(Into::into)
        .and_then(|arguments| perform(&arguments));
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(NO_REPORT)
        }
    }
}

fn perform(arguments: &ProbeArgs) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
    let probe = arguments.probe();
    let bar = bar(arguments.requests);
    let report = actix_web::rt::System::new().block_on(probe.run(&mut |done| {
        bar.set_position(done.into());
        Ok(())
    }));
    bar.finish_and_clear();
    let report = report?;
    print(&report, arguments.json)?;
    if let Some(file) = &arguments.report {
        std::fs::write(file, Case::of(&report).to_string())
            .map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
    }
    Ok(report.is_consistent())
}

/// A reader who has seen enough and closed the pipe is no error.
fn print(report: &Report, json: bool) -> std::io::Result<()> {
    let text = if json { serde_json::to_string(report)? + "\n" } else { report.to_string() };
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

impl ProbeArgs {
    fn probe(&self) -> Probe {
        Probe {
            requests: self.requests,
            concurrency: self.concurrency,
            headers: self.headers.clone(),
            instance_header: self.instance_header.as_str().to_owned(),
            ignore: self.ignore.clone(),
            fresh_connections: self.fresh_connections,
            timeout: Duration::from_secs(self.timeout),
            body_limit: usize::try_from(self.max_body).unwrap_or(usize::MAX),
            ..Probe::new(self.url.clone())
        }
    }
}

/// On standard error, and only on a terminal: results go to standard output.
fn bar(requests: u32) -> ProgressBar {
    let bar = ProgressBar::new(requests.into());
    match ProgressStyle::with_template("{bar:30} {pos}/{len} responses, {per_sec}, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn web_address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        scheme => Err(format!("{scheme} is neither http nor https")),
    }
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("a header is written as 'name: value'")?;
    let name = name.trim().parse().map_err(|_| format!("{name:?} is no name of a header"))?;
    let value = HeaderValue::from_str(value.trim());
    // The value is not repeated: it may be a token.
    Ok((name, value.map_err(|_| "the value has characters that no header may have")?))
}

#[cfg(test)]
mod tests;
