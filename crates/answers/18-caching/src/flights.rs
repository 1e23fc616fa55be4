//! Single-flight: readers of one value who come while it is being loaded wait for that load.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use error_handling::Problem;
use tokio::sync::watch;

use crate::writes::Token;

/// What a load came to. A failure is shared with those who wait, so that a store in trouble is not
/// asked once more by each of them, and kept for nobody else.
pub(crate) type Loaded<V> = Result<Option<V>, Problem>;

/// A key's text and its token: a reader who comes after a write never joins a load from before it,
/// which is why moka's own `try_get_with`, which goes by the key alone, is not used.
type FlightKey = (String, Token);

/// The loads under way in this process.
pub(crate) struct Flights<V> {
    /// A mutex, as it is held for one look into the map and only after a miss.
    under_way: Mutex<HashMap<FlightKey, watch::Receiver<Option<Loaded<V>>>>>,
}

/// What a reader has to do.
pub(crate) enum Turn<'flights, V> {
    /// Load.
    Lead(Lead<'flights, V>),
    /// Wait for somebody who loads.
    Follow(Follow<V>),
}

/// The duty to load. Dropped without a result, as when its client hangs up, it passes to whoever
/// waits.
pub(crate) struct Lead<'flights, V> {
    flights: &'flights Flights<V>,
    key: FlightKey,
    result: watch::Sender<Option<Loaded<V>>>,
}

/// The right to another reader's result.
pub(crate) struct Follow<V>(watch::Receiver<Option<Loaded<V>>>);

impl<V> Default for Flights<V> {
    fn default() -> Self {
        Self { under_way: Mutex::default() }
    }
}

impl<V: Clone> Flights<V> {
    /// Joins the load of this key and token, or begins it.
    pub(crate) fn join(&self, key: String, token: Token) -> Turn<'_, V> {
        let key = (key, token);
        let mut under_way = self.lock();
        if let Some(flight) = under_way.get(&key) {
            return Turn::Follow(Follow(flight.clone()));
        }
        let (result, flight) = watch::channel(None);
        under_way.insert(key.clone(), flight);
        Turn::Lead(Lead { flights: self, key, result })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<FlightKey, watch::Receiver<Option<Loaded<V>>>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V: Clone> Lead<'_, V> {
    /// Hands the result to everybody who waits.
    pub(crate) fn land(self, loaded: Loaded<V>) {
        self.result.send_replace(Some(loaded));
    }
}

impl<V> Drop for Lead<'_, V> {
    fn drop(&mut self) {
        let mut under_way = self.flights.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.remove(&self.key);
    }
}

impl<V: Clone> Follow<V> {
    /// The result; `None` when whoever loaded gave up, so that this reader must try again.
    pub(crate) async fn result(mut self) -> Option<Loaded<V>> {
        let landed = self.0.wait_for(Option::is_some).await.ok()?;
        landed.clone()
    }
}
