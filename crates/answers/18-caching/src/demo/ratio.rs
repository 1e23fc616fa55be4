//! What the hit ratio depends on: how uneven the reads are, and how much fits.

use std::time::Duration;

use evidence::{Chart, ChartKind, Failure, Line, Quantity, Scale, Stage, Unit};
use foundation::metrics::Metrics;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::{CacheSettings, Caches};

/// Popularity by rank: the n-th post is read 1/n as often as the first (Zipf's law with exponent
/// 1, about what page views follow; Breslau and others, "Web Caching and Zipf-like
/// Distributions", INFOCOM 1999).
pub(super) struct Zipf {
    /// Sums of the weights of all posts up to each one.
    sums: Vec<f64>,
}

impl Zipf {
    pub(super) fn new(posts: u64) -> Self {
        let sums = (1..=posts).scan(0.0, |sum, rank| {
            *sum += 1.0 / Quantity::count(rank).value;
            Some(*sum)
        });
        Self { sums: sums.collect() }
    }

    /// The same ids for the same seed.
    pub(super) fn draw(&self, seed: u64, reads: u64) -> Vec<i64> {
        let mut random = StdRng::seed_from_u64(seed);
        let whole = self.sums.last().copied().unwrap_or(0.0);
        let mut post = || {
            let at = random.random::<f64>() * whole;
            self.sums.partition_point(|sum| *sum <= at).min(self.sums.len() - 1)
        };
        (0..reads).map(|_| i64::try_from(post() + 1).unwrap_or(i64::MAX)).collect()
    }
}

/// Every post equally often: what no cache is good at.
pub(super) fn even(posts: u64, seed: u64, reads: u64) -> Vec<i64> {
    let mut random = StdRng::seed_from_u64(seed);
    let last = i64::try_from(posts).unwrap_or(i64::MAX);
    (0..reads).map(|_| random.random_range(1..=last)).collect()
}

/// How much of the posts fits, in percent.
const SHARES: [u64; 6] = [1, 2, 5, 10, 25, 50];

/// Reads a fixed number of posts through caches of growing size.
pub(super) async fn show(stage: &Stage) -> Result<(), Failure> {
    let (posts, reads) = match stage.scale() {
        Scale::Quick => (300, 1_500),
        Scale::Default => (10_000, 200_000),
        Scale::Full => (100_000, 2_000_000),
    };
    stage.step("What the hit ratio depends on");
    stage.note(
        "Loads cost nothing here: what is counted is how often the level in process has a post.",
    );
    let loads = [Zipf::new(posts).draw(stage.seed(), reads), even(posts, stage.seed(), reads)];
    let mut ratios = [Vec::new(), Vec::new()];
    for share in SHARES {
        for (ids, ratios) in loads.iter().zip(&mut ratios) {
            stage.go_on()?;
            ratios.push(ratio(ids, posts * share / 100).await?);
        }
    }
    let [zipf, even] = &ratios;
    let tenth = SHARES.iter().position(|share| *share == 10).unwrap_or_default();
    let (zipf_tenth, even_tenth) = (Quantity::percent(zipf[tenth]), Quantity::percent(even[tenth]));
    stage.measure("ratio-zipf", "hits with a tenth in process, by popularity", zipf_tenth);
    stage.measure("ratio-even", "hits with a tenth in process, even reads", even_tenth);
    stage.check(
        "a-small-cache-serves-uneven-reads",
        format!(
            "with a tenth of the posts in process {zipf_tenth} of reads by popularity hit, and \
             {even_tenth} of even ones"
        ),
        zipf_tenth.value > 50.0 && even_tenth.value < 20.0,
    );
    stage.chart(chart(zipf, even));
    Ok(())
}

/// Hits of one hundred reads, once the cache has seen all of them.
async fn ratio(ids: &[i64], capacity: u64) -> Result<f64, Failure> {
    let caches = Caches::open(None, Duration::ZERO, &Metrics::new()?)?;
    let ttl = Duration::from_secs(600);
    let settings = CacheSettings { capacity, ttl, alone_ttl: ttl, ..CacheSettings::new("ratio") };
    let cache = caches.cache::<i64>(settings);
    let mut cold = 0;
    for warm in [false, true] {
        for id in ids {
            cache.get_or_load(&id.to_string(), async { Ok(Some(*id)) }).await?;
        }
        if !warm {
            cold = cache.statistics().local.hits;
        }
    }
    let hits = Quantity::count(cache.statistics().local.hits - cold).value;
    Ok(100.0 * hits / Quantity::count(ids.len() as u64).value)
}

fn chart(zipf: &[f64], even: &[f64]) -> Chart {
    let line = |label: &str, ratios: &[f64]| Line {
        label: label.to_owned(),
        points: SHARES
            .iter()
            .map(|share| Quantity::count(*share).value)
            .zip(ratios.iter().copied())
            .collect(),
    };
    Chart {
        id: "ratio".to_owned(),
        title: "Hit ratio by the share of posts that fit".to_owned(),
        axis: "reads that hit".to_owned(),
        unit: Unit::Percent,
        kind: ChartKind::Lines {
            x_axis: "percent of the posts in process".to_owned(),
            lines: vec![line("reads by popularity", zipf), line("even reads", even)],
        },
    }
}
