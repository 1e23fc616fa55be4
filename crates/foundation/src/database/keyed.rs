//! Reads by key: those that wait at the same time share a statement.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use diesel::{PgConnection, QueryResult};
use error_handling::{Cause, Problem};
use tokio::sync::oneshot;
use tracing::Instrument;

use super::{Database, lane};
use crate::operations::timed;

/// Statements that one set of reads keeps in flight. Two, instead of one, so that a read alone on
/// its way does not make the next one wait for a whole round trip.
const IN_FLIGHT: usize = 2;

/// Keys of one statement at the most, which keeps it short.
const KEYS: usize = 256;

/// Finds rows by their keys, in any order; what is not there is left out.
pub type Load<K, V> = fn(&mut PgConnection, &[K]) -> QueryResult<Vec<(K, V)>>;

/// Reads rows by key, as many at a time as happen to be asked for.
///
/// Chosen instead of one statement per read: most of a small read's time goes into waking threads
/// and processes, and that is paid once per statement. Nobody waits for company: a read leaves at
/// once while fewer than two statements are on their way, and only then with those that came
/// meanwhile. No read joins a statement that has left, so each sees every write acknowledged
/// before it began. Make one for each HTTP worker, so that waking a reader stays in its thread.
#[derive(Debug)]
pub struct KeyedReads<K, V> {
    load: Load<K, V>,
    /// A lock that is never contended within one worker, and never held across a wait.
    state: Arc<Mutex<State<K, V>>>,
}

#[derive(Debug)]
struct State<K, V> {
    waiting: Vec<Reader<K, V>>,
    in_flight: usize,
}

#[derive(Debug)]
struct Reader<K, V> {
    key: K,
    reply: oneshot::Sender<Result<Option<V>, Problem>>,
}

impl<K, V> Clone for KeyedReads<K, V> {
    fn clone(&self) -> Self {
        Self { load: self.load, state: Arc::clone(&self.state) }
    }
}

impl<K, V> KeyedReads<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + 'static,
{
    /// Reads with this query.
    #[must_use]
    pub fn new(load: Load<K, V>) -> Self {
        let state = State { waiting: Vec::new(), in_flight: 0 };
        Self { load, state: Arc::new(Mutex::new(state)) }
    }

    /// The row of `key`, or nothing where there is none. Must be called on an actix worker.
    ///
    /// # Errors
    /// As [`Database::run`]; a statement that fails does so for everyone who shares it.
    pub async fn get(&self, database: &Database, key: K) -> Result<Option<V>, Problem> {
        let (reply, answer) = oneshot::channel();
        if self.join(Reader { key, reply }) {
            // A task of its own: when this reader hangs up, the others still want their rows.
            let serving = self.clone().serve(database.clone());
            actix_web::rt::spawn(serving.in_current_span());
        }
        let answer = tokio::time::timeout(database.short.answer_within(), answer);
        match timed("database.read", answer).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => Err(Problem::internal(Cause::new("shared statement gave no answer"))),
            Err(_) => Err(lane::no_answer()),
        }
    }

    /// Whether the reader has to see to a statement itself.
    fn join(&self, reader: Reader<K, V>) -> bool {
        let mut state = self.state();
        state.waiting.push(reader);
        let serve = state.in_flight < IN_FLIGHT;
        state.in_flight += usize::from(serve);
        serve
    }

    async fn serve(self, database: Database) {
        while let Some(readers) = self.depart() {
            let keys: Vec<K> = readers.iter().map(|reader| reader.key.clone()).collect();
            let load = self.load;
            let found = database.run(move |connection| load(connection, &keys)).await;
            answer(readers, &found.map(HashMap::from_iter));
        }
    }

    /// Whoever shares the next statement; without anybody this round of serving is over.
    fn depart(&self) -> Option<Vec<Reader<K, V>>> {
        let mut state = self.state();
        state.waiting.retain(|reader| !reader.reply.is_closed());
        if state.waiting.is_empty() {
            state.in_flight -= 1;
            return None;
        }
        let count = state.waiting.len().min(KEYS);
        Some(state.waiting.drain(..count).collect())
    }

    fn state(&self) -> MutexGuard<'_, State<K, V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn answer<K: Eq + Hash, V: Clone>(
    readers: Vec<Reader<K, V>>,
    found: &Result<HashMap<K, V>, Problem>,
) {
    for Reader { key, reply } in readers {
        let row = found.as_ref().map(|rows| rows.get(&key).cloned()).map_err(Problem::clone);
        let _ = reply.send(row);
    }
}
