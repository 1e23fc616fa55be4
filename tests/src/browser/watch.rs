//! What a page did unseen: the addresses it asked for, and what it wrote to the console.

use serde_json::{Value, json};

use super::page::Browser;

impl Browser {
    /// Addresses asked for since the last call, without what lies in the page itself.
    ///
    /// # Panics
    /// When the browser does not tell.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        let urls = self.log("performance").into_iter().filter_map(|entry| {
            let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let message = &message["message"];
            let asked = message["method"] == "Network.requestWillBeSent";
            asked.then(|| message["params"]["request"]["url"].as_str().map(str::to_owned))?
        });
        // What the page holds itself, and the browser's own pages: its first tab is one of those.
        let inner = ["data:", "blob:", "chrome:", "chrome-untrusted:"];
        urls.filter(|url| !inner.iter().any(|scheme| url.starts_with(scheme))).collect()
    }

    /// Errors and warnings in the console since the last call, violations of the policy among
    /// them. A response with a status of 400 or more is none: pages show those.
    ///
    /// # Panics
    /// When the browser does not tell.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let entries = self.log("browser").into_iter();
        let grave =
            entries.filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING");
        let ours = grave.filter(|entry| entry["source"] != "network");
        ours.filter_map(|entry| entry["message"].as_str().map(str::to_owned)).collect()
    }

    /// Says what left the origin and what the console complains of; empty when all is well.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let below = format!("{}/", self.base);
        let mut faults = self.complaints();
        let asked = self.requests().into_iter();
        let outside = asked.filter(|url| !url.starts_with(&below) && !url.starts_with("file:"));
        faults.extend(outside.map(|url| format!("a request left the origin: {url}")));
        faults
    }

    fn log(&self, kind: &str) -> Vec<Value> {
        let log = self.session.post("/se/log", &json!({"type": kind}));
        let log = log.unwrap_or_else(|error| panic!("the log {kind}: {error}"));
        log.as_array().cloned().unwrap_or_default()
    }
}
