//! The database of the backend. Not a scratch database: demos drop those that nobody uses, and
//! could not tell the one that their server was given.

use std::io;
use std::process::{Command, id};

use local_services::{Purpose, find_postgres, server_url};
use url::Url;

/// An empty database on the server of the tests, dropped with this value.
pub(super) struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    pub(super) fn create() -> io::Result<Self> {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let serial = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let server = server_url(Purpose::Test).map_err(io::Error::other)?;
        let name = format!("show_your_work_browser_{}_{serial}", id());
        let mut url = Url::parse(&server).map_err(io::Error::other)?;
        url.set_path(&name);
        let database = Self { server, name, url: url.into() };
        database.run("createdb", &[])?;
        Ok(database)
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    fn run(&self, program: &str, options: &[&str]) -> io::Result<()> {
        let program = find_postgres().map_err(io::Error::other)?.bin.join(program);
        let mut command = Command::new(program);
        command.args(options).args(["--maintenance-db", &self.server, &self.name]);
        let output = command.output()?;
        if output.status.success() {
            return Ok(());
        }
        Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = self.run("dropdb", &["--force", "--if-exists"]);
    }
}
