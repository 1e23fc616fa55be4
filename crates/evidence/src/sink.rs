//! Places that events go to, besides the terminal.

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Event, Sink};

/// Keeps every event, for recordings and tests.
#[derive(Debug, Default)]
pub struct Recorder {
    /// A mutex, as a demo may emit from several threads and order matters.
    events: Mutex<Vec<Event>>,
}

impl Recorder {
    /// Everything that happened so far, in order.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Sink for Recorder {
    fn emit(&self, event: &Event) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
    }
}

/// Writes one JSON object per event and line, for scripts that read a run.
pub struct JsonLines<W> {
    writer: Mutex<W>,
}

impl<W> fmt::Debug for JsonLines<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonLines").finish_non_exhaustive()
    }
}

impl<W: Write + Send> JsonLines<W> {
    /// Writes to `writer`, flushing after each line so that a reader can follow the run.
    pub fn new(writer: W) -> Self {
        Self { writer: Mutex::new(writer) }
    }
}

impl<W: Write + Send> Sink for JsonLines<W> {
    fn emit(&self, event: &Event) {
        let Ok(mut line) = serde_json::to_vec(event) else { return };
        line.push(b'\n');
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // A reader that went away (`| head`) is no reason to fail the run.
        let _ = writer.write_all(&line).and_then(|()| writer.flush());
    }
}

/// Sends every event to several sinks, in the order given.
pub struct Tee(Vec<Arc<dyn Sink>>);

impl fmt::Debug for Tee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tee").field(&self.0.len()).finish()
    }
}

impl Tee {
    /// A sink for each of `sinks`.
    #[must_use]
    pub fn new(sinks: Vec<Arc<dyn Sink>>) -> Self {
        Self(sinks)
    }
}

impl Sink for Tee {
    fn emit(&self, event: &Event) {
        for sink in &self.0 {
            sink.emit(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_reaches_every_sink_in_order_and_survives_json() {
        let (first, second) = (Arc::new(Recorder::default()), Arc::new(Recorder::default()));
        let json = Arc::new(JsonLines::new(Vec::new()));
        let tee = Tee::new(vec![first.clone(), second.clone(), json.clone()]);
        let events = ["one", "two"].map(|text| Event::Note { text: text.to_owned() });
        for event in &events {
            tee.emit(event);
        }
        assert_eq!(first.events(), events);
        assert_eq!(second.events(), events);
        let text = String::from_utf8(json.writer.lock().unwrap().clone()).unwrap();
        let parsed: Vec<Event> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(parsed, events);
    }
}
