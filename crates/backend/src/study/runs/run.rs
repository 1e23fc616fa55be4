//! One run, from the moment it is asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use evidence::{Answer, Event, Interrupt, Scale, Switch, Verdict};
use maud::{Markup, html};
use tokio::sync::broadcast;

use crate::study::asked;
use crate::study::events::{self, Pictures, Place};
use crate::study::view::{Finished, RunView};

/// Messages that a slow watcher may fall behind before it gets the whole state instead.
const BACKLOG: usize = 256;

/// What a watcher is told.
#[derive(Clone, Debug)]
pub(in crate::study) enum Message {
    /// Elements that changed.
    Changed(Arc<str>),
    /// The run is over; the elements were sent before.
    Finished,
    /// The server stops.
    Closed,
}

/// How the reader wants a demo to be run.
#[derive(Clone, Debug, Default)]
pub(in crate::study) struct Wish {
    pub(in crate::study) scale: Scale,
    pub(in crate::study) seed: u64,
    pub(in crate::study) guesses: BTreeMap<String, f64>,
    pub(in crate::study) switch: Option<&'static Switch>,
}

#[derive(Debug)]
pub(in crate::study) struct Run {
    pub(super) number: u64,
    pub(super) answer: &'static Answer,
    pub(super) wish: Wish,
    pub(in crate::study) view: RunView,
    pub(super) events: Vec<Event>,
    pub(super) interrupt: Interrupt,
    pub(super) begun: bool,
    /// The run without the switch, which goes first.
    pub(super) first: Option<u64>,
    /// How many pages follow it at the moment.
    pub(super) watchers: usize,
    pub(super) messages: broadcast::Sender<Message>,
}

impl Run {
    pub(super) fn new(number: u64, answer: &'static Answer, wish: Wish) -> Self {
        let view = RunView { guesses: wish.guesses.clone(), ..RunView::default() };
        Self {
            number,
            answer,
            wish,
            view,
            events: Vec::new(),
            interrupt: Interrupt::default(),
            begun: false,
            first: None,
            watchers: 0,
            messages: broadcast::Sender::new(BACKLOG),
        }
    }

    pub(in crate::study) fn is_over(&self) -> bool {
        self.view.finished.is_some()
    }

    /// Whether it ran to its end, so that its numbers can be shown beside others.
    pub(super) fn is_complete(&self) -> bool {
        let to_its_end =
            |end: &Finished| end.verdict != Verdict::Interrupted && end.error.is_none();
        self.view.finished.as_ref().is_some_and(to_its_end)
    }

    /// Takes in one event and tells watchers what it changed.
    pub(super) fn take(&mut self, event: &Event) {
        let change = self.view.apply(event);
        if !matches!(event, Event::Progress { done, total, .. } if done != total) {
            self.events.push(event.clone());
        }
        // Without a watcher nothing is rendered; sending fails then, and that is fine.
        if self.messages.receiver_count() > 0 {
            self.send(&events::changed(&self.view, change, &self.place()));
        }
        if self.is_over() {
            let _ = self.messages.send(Message::Finished);
        }
    }

    /// Ends a run that never began.
    pub(super) fn cancel(&mut self) {
        let end = Finished { verdict: Verdict::Interrupted, seconds: 0.0, error: None };
        self.view.finished = Some(end);
        self.send(&self.state(&[]));
        let _ = self.messages.send(Message::Finished);
    }

    pub(super) fn send(&self, html: &Markup) {
        let _ = self.messages.send(Message::Changed(html.0.as_str().into()));
    }

    /// The number keeps a browser from showing the last run's picture.
    pub(in crate::study) fn place(&self) -> Place {
        let pictures = Pictures::Below(format!("/runs/{}/charts", self.number));
        Place { prefix: "live", pictures }
    }

    pub(super) fn whole(&self) -> Markup {
        events::whole(&self.view, &self.place())
    }

    /// Everything a page shows of it; `ahead` are the runs in front.
    pub(super) fn state(&self, ahead: &[String]) -> Markup {
        html! {
            (self.whole()) (events::status(&self.view)) (events::tally(&self.view))
            (events::queue(ahead))
        }
    }

    /// What it is called in the line.
    pub(super) fn name(&self) -> String {
        let title = asked(self.answer);
        match self.wish.switch {
            Some(switch) => format!("{title} {}", switch.question),
            None => title.to_owned(),
        }
    }
}
