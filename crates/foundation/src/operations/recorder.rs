//! Carries the spans of tracing into the trace of their request.

use tracing::span::{Attributes, Id};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, LevelFilter, filter_fn};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::trace::{OpenSpan, RequestTrace};

/// A layer that times every span inside a request, of any crate and on any thread that entered one
/// of the request's spans. Mount it with [`SpanRecorder::filter`].
#[derive(Clone, Copy, Debug)]
pub struct SpanRecorder;

/// What a span of tracing keeps for its children and for its end.
pub(crate) struct Carried {
    pub(crate) trace: RequestTrace,
    /// None for the outermost span, which is the request itself.
    open: Option<OpenSpan>,
}

impl SpanRecorder {
    /// Spans of level info and above, whatever the log shows: what runs in a loop is for debug.
    #[must_use]
    pub fn filter() -> FilterFn<fn(&Metadata<'_>) -> bool> {
        let is_kept: fn(&Metadata<'_>) -> bool =
            |metadata| metadata.is_span() && *metadata.level() <= Level::INFO;
        filter_fn(is_kept).with_max_level_hint(LevelFilter::INFO)
    }
}

impl<S: Subscriber + for<'span> LookupSpan<'span>> Layer<S> for SpanRecorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        // From the parent first: on another thread there is no current request.
        let carried = span.parent().and_then(|parent| {
            let extensions = parent.extensions();
            extensions.get::<Carried>().map(|carried| carried.trace.clone())
        });
        let carried = match carried {
            Some(trace) => Carried { open: Some(trace.begin(attributes.metadata().name())), trace },
            None => match RequestTrace::current() {
                Some(trace) => Carried { trace, open: None },
                None => return,
            },
        };
        span.extensions_mut().insert(carried);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        if let Some(carried) = span.extensions_mut().get_mut::<Carried>() {
            carried.open = None;
        }
    }
}
