//! What can be left out under load, turned off by a person for all servers at once.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use caching::{Cache, CacheSettings, Caches};
use foundation::database::Database;
use foundation::metrics::Metrics;
use prometheus::{IntGaugeVec, Opts};

use crate::store::switches;

/// What a switch turns off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Switch {
    /// What else might please, on the page of a product: first to go, as nobody misses it.
    Recommendations = 1,
    /// How many there are, on the page of a product, which then comes from the cache alone.
    LiveStock = 2,
    /// New orders: last to go, as it costs what the shop is for. Those that are placed go on.
    Checkout = 4,
}

impl Switch {
    /// Every switch, in the order in which they are turned off.
    pub const ALL: [Self; 3] = [Self::Recommendations, Self::LiveStock, Self::Checkout];

    /// Its name on the command line and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recommendations => "recommendations",
            Self::LiveStock => "live-stock",
            Self::Checkout => "checkout",
        }
    }
}

const ALL_ON: u8 = 7;

/// A copy of the switches that is a second old at the most, while the database answers.
#[derive(Debug)]
pub(crate) struct Switches {
    /// One bit for each switch that is on. Through the cache, so that one request of many reads.
    copy: Cache<u8>,
    /// What was read last: goes on when the database does not answer, as a page that would then
    /// fail is no degradation. An atomic, as the bits belong together and nothing else to them.
    last: AtomicU8,
    gauge: IntGaugeVec,
}

impl Switches {
    /// # Errors
    /// When the metric is taken.
    pub(crate) fn new(caches: &Caches, metrics: &Metrics) -> Result<Self, prometheus::Error> {
        let about = "1 while what this switch turns off is on";
        let gauge = IntGaugeVec::new(Opts::new("shop_switch_on", about), &["switch"])?;
        metrics.register(gauge.clone())?;
        let copy = caches.cache(CacheSettings {
            capacity: 1,
            ttl: Duration::from_secs(1),
            ..CacheSettings::new("shop-switches")
        });
        let switches = Self { copy, last: AtomicU8::new(ALL_ON), gauge };
        switches.show(ALL_ON);
        Ok(switches)
    }

    /// Whether this is on.
    pub(crate) async fn is_on(&self, switch: Switch, database: &Database) -> bool {
        let read = async {
            let all = database.run(switches::all).await?;
            let bit = |switch: Switch| {
                let off = all.iter().any(|row| row.name == switch.name() && !row.on);
                if off { 0 } else { switch as u8 }
            };
            Ok(Some(Switch::ALL.into_iter().map(bit).sum()))
        };
        let on = match self.copy.get_or_load("all", read).await {
            Ok(Some(on)) => {
                if self.last.swap(on, Ordering::Relaxed) != on {
                    self.show(on);
                }
                on
            }
            _ => self.last.load(Ordering::Relaxed),
        };
        on & switch as u8 != 0
    }

    fn show(&self, on: u8) {
        for switch in Switch::ALL {
            let is_on = i64::from(on & switch as u8 != 0);
            self.gauge.with_label_values(&[switch.name()]).set(is_on);
        }
    }
}
