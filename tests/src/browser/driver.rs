//! ChromeDriver as a process, and requests to it.

use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use actix_web::rt::Runtime;
use awc::http::Method;
use serde_json::{Value, json};

/// A busy machine may take this long to start a browser or to draw a page.
const PATIENCE: Duration = Duration::from_secs(60);
/// A screenshot and a log are longer than what HTTP clients take by default.
const MOST: usize = 64 * 1024 * 1024;

/// A running ChromeDriver; it and its browsers end when this is dropped.
#[derive(Debug)]
pub struct Driver {
    process: Child,
    base: String,
    pub(super) chromium: PathBuf,
}

impl Driver {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// When it ends instead.
    pub fn start(chromium: PathBuf, driver: PathBuf) -> io::Result<Self> {
        let mut process = Command::new(driver)
            .args(["--port=0", "--log-level=SEVERE"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut output = BufReader::new(output);
        let port = port_in(&mut output);
        // Read on, or a full pipe would stop it.
        std::thread::spawn(move || output.read_to_end(&mut Vec::new()));
        // Made before the port is known, so that it is stopped where it names none.
        let mut driver = Self { process, base: String::new(), chromium };
        driver.base = format!("http://127.0.0.1:{}", port?);
        Ok(driver)
    }

    pub(super) fn base(&self) -> &str {
        &self.base
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn port_in(output: &mut impl BufRead) -> io::Result<u16> {
    for line in output.lines() {
        let line = line?;
        let end = line.trim_end_matches('.').rsplit(' ').next().unwrap_or_default();
        if let Some(port) = end.parse().ok().filter(|&port| port != 0) {
            return Ok(port);
        }
    }
    Err(io::Error::other("ChromeDriver ended without naming its port"))
}

/// One browser of the driver.
pub(super) struct Session {
    address: String,
}

impl Session {
    pub(super) fn start(driver: &str, capabilities: &Value) -> io::Result<Self> {
        let mut session = Self { address: format!("{driver}/session") };
        let wish = json!({"capabilities": {"alwaysMatch": capabilities}});
        let made = session.request(Method::POST, "", &wish).map_err(io::Error::other)?;
        let id = made["sessionId"].as_str().ok_or_else(|| io::Error::other("no session"))?;
        session.address = format!("{}/{id}", session.address);
        Ok(session)
    }

    /// The value that a command gives.
    pub(super) fn post(&self, command: &str, body: &Value) -> Result<Value, String> {
        self.request(Method::POST, command, body)
    }

    pub(super) fn get(&self, command: &str) -> Result<Value, String> {
        self.request(Method::GET, command, &Value::Null)
    }

    fn request(&self, method: Method, command: &str, body: &Value) -> Result<Value, String> {
        let address = format!("{}{command}", self.address);
        // One for each command, as it cannot move to the thread of the test that comes next.
        let runtime = Runtime::new().map_err(|error| error.to_string())?;
        let answer = runtime.block_on(async {
            let client = awc::Client::builder().timeout(PATIENCE).finish();
            let request = client.request(method, address);
            let sent =
                if body.is_null() { request.send().await } else { request.send_json(body).await };
            let mut response = sent.map_err(|error| error.to_string())?;
            let bytes = response.body().limit(MOST).await.map_err(|error| error.to_string())?;
            serde_json::from_slice::<Value>(&bytes).map_err(|error| error.to_string())
        })?;
        let value = &answer["value"];
        match value["error"].as_str() {
            Some(error) => Err(format!("{error}: {}", value["message"].as_str().unwrap_or(""))),
            None => Ok(value.clone()),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.request(Method::DELETE, "", &Value::Null);
    }
}
