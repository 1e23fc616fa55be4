//! People with an account and a token, for what only they may do.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::Outcome;
use crate::http::Question;
use crate::process::Interrupt;

/// What everybody's password is.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// The first accounts of the database, in the order of their ids, each with an access token.
#[derive(Debug)]
pub(crate) struct People {
    tokens: Vec<String>,
    file: PathBuf,
}

/// What a log-in is answered with, as far as it is needed.
#[derive(Deserialize)]
struct LoggedIn {
    access_token: String,
}

impl People {
    /// So many that creating to-dos never reaches the bound of one person. Half of them read and
    /// half of them write, so that the lists that are read stay as they are.
    pub(crate) const COUNT: u32 = 100;
    /// To-dos of each: half a page of the default size.
    pub(crate) const TODOS: u32 = 50;

    /// Signs everybody up and in; `folder` gets the tokens, one a line, for wrk.
    pub(crate) fn sign_in(
        server: SocketAddr,
        folder: &Path,
        interrupt: &Interrupt,
    ) -> Outcome<Self> {
        let mut tokens = Vec::new();
        for number in 1..=Self::COUNT {
            interrupt.check()?;
            let email = email(number);
            let account =
                format!(r#"{{"email":"{email}","name":"Bench","password":"{PASSWORD}"}}"#);
            Question::post("/api/v1/users", &account).expect(server, 201)?;
            tokens.push(log_in(server, &email)?);
        }
        let file = folder.join("tokens.txt");
        std::fs::write(&file, tokens.join("\n") + "\n")?;
        Ok(Self { tokens, file })
    }

    /// The token of one who reads.
    pub(crate) fn reader(&self) -> &str {
        self.tokens.first().map_or("", String::as_str)
    }

    /// The token of one who writes.
    pub(crate) fn writer(&self) -> &str {
        self.tokens.last().map_or("", String::as_str)
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }
}

impl Drop for People {
    /// Tokens are secrets, if only of accounts that are deleted with the database.
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

pub(crate) fn email(number: u32) -> String {
    format!("person{number}@example.org")
}

fn log_in(server: SocketAddr, email: &str) -> Outcome<String> {
    let request = format!(r#"{{"email":"{email}","password":"{PASSWORD}"}}"#);
    let body = Question::post("/api/v1/sessions", &request).expect(server, 201)?;
    Ok(serde_json::from_str::<LoggedIn>(&body)?.access_token)
}
