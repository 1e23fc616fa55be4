//! Log lines: one subscriber, two formats, and a last line of defence against secrets.

mod tap;

use std::io::{self, IsTerminal, Write};
use std::sync::{LazyLock, OnceLock};

use regex::bytes::Regex;
use tracing_subscriber::filter::FilterExt;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Identity, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

use crate::config::LogFormat;
use crate::operations::{LogLevel, SpanRecorder};

pub use tap::{LogLine, LogTap};

/// The filter could not be read, or a subscriber exists already.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// See the syntax of tracing's `EnvFilter`, such as `info,backend=debug`.
    #[error("LOG is not a filter such as `info` or `info,backend=debug`: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Called twice in one process.
    #[error("logging is already set up")]
    SetTwice(#[from] tracing_subscriber::util::TryInitError),
}

/// Set with the subscriber, of which a process has one.
static LOG_LEVEL: OnceLock<LogLevel> = OnceLock::new();

type Lines = Box<dyn Layer<Registry> + Send + Sync>;

/// Sends log lines of this process to standard error.
///
/// # Errors
/// See [`TelemetryError`].
pub fn init(filter: &str, format: LogFormat) -> Result<(), TelemetryError> {
    let lines = fmt::layer().with_ansi(io::stderr().is_terminal()).with_writer(RedactedStderr);
    let lines: Lines = match format {
        LogFormat::Human => lines.with_target(false).compact().boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    install(filter, lines)?;
    error_handling::install_panic_hook();
    Ok(())
}

/// Keeps spans and feeds every [`LogTap`], and writes nothing: for a demo or a test, whose own
/// output the lines would disturb. Does nothing where logging is set up already.
///
/// # Errors
/// [`TelemetryError::Filter`].
pub fn init_quiet(filter: &str) -> Result<(), TelemetryError> {
    match install(filter, Identity::new().boxed()) {
        Err(TelemetryError::SetTwice(_)) => Ok(()),
        outcome => outcome,
    }
}

/// What changes the log filter of this process; none before logging is set up.
#[must_use]
pub fn log_level() -> Option<&'static LogLevel> {
    LOG_LEVEL.get()
}

/// Spans pass whatever the filter says: with `LOG=warn` a line still carries its request's id.
fn install(filter: &str, lines: Lines) -> Result<(), TelemetryError> {
    let (filter, log_level) = LogLevel::new(filter)?;
    let shown = filter.or(SpanRecorder::filter());
    Registry::default()
        .with(lines.and_then(tap::Feed).with_filter(shown))
        .with(SpanRecorder.with_filter(SpanRecorder::filter()))
        .try_init()?;
    let _ = LOG_LEVEL.set(log_level);
    Ok(())
}

/// Standard error with secrets masked.
#[derive(Clone, Copy, Debug)]
pub struct RedactedStderr;

impl<'writer> MakeWriter<'writer> for RedactedStderr {
    type Writer = Redacted<io::Stderr>;

    fn make_writer(&'writer self) -> Self::Writer {
        Redacted(io::stderr())
    }
}

/// Masks what looks like a secret in everything written through it.
///
/// Secrets are kept out of log lines by their types; this catches the one that slips through a
/// library's own message. It is not a licence to log them.
#[derive(Clone, Debug)]
pub struct Redacted<W>(pub W);

/// Passwords in URLs, credentials in headers, and values of members with a telling name.
static SECRET: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i-u)(?P<url>[a-z+]+://[^:/@\s]*:)[^@/\s]+(?P<at>@)",
        r#"|(?P<scheme>\b(?:bearer|basic)\s+)[a-z0-9._~+/=-]+"#,
        r#"|(?P<name>(?:password|passwd|secret|token|api_?key|authorization)\\?"?\s*[=:]\s*"#,
        r#"(?:some\()?\\?"?(?:bearer |basic )?)[^\s"\\,}&)]+"#,
    ))
    .ok()
});

/// The same text with secrets masked.
#[must_use]
pub fn redacted(text: &str) -> String {
    let mut masked = Vec::with_capacity(text.len());
    // Writing to memory does not fail; if it did, nothing would be shown.
    let _ = Redacted(&mut masked).write_all(text.as_bytes());
    String::from_utf8_lossy(&masked).into_owned()
}

impl<W: Write> Write for Redacted<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match SECRET.as_ref() {
            Some(secret) => {
                let masked =
                    secret.replace_all(line, &b"${url}${scheme}${name}[redacted]${at}"[..]);
                self.0.write_all(&masked)?;
            }
            None => self.0.write_all(b"log line withheld: redaction is not available\n")?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(line: &str) -> String {
        let mut redacted = Redacted(Vec::new());
        redacted.write_all(line.as_bytes()).unwrap();
        String::from_utf8(redacted.0).unwrap()
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand_in_a_line() {
        let lines = [
            "connecting to postgres://app:hunter2@db.internal/shop",
            "authorization: Bearer hunter2.abc-def",
            "header Basic hunter2== refused",
            r#"{"email":"a@b.c","password":"hunter2"}"#,
            "password=hunter2&next=/",
            "api_key = hunter2",
            "refresh_token=hunter2 sslpassword=hunter2",
            r#"Config { client_secret: Some("hunter2") }"#,
            r#"{"message":"{\"access_token\":\"hunter2\"}"}"#,
        ];
        for line in lines {
            let masked = written(line);
            assert!(!masked.contains("hunter2"), "{masked}");
            assert!(masked.contains("[redacted]"), "{masked}");
        }
    }

    #[test]
    fn ordinary_lines_pass_unchanged() {
        let lines = ["request served status=200", "see https://example.org/a@b", "tokens: none"];
        for line in lines {
            assert_eq!(written(line), line);
        }
    }
}
