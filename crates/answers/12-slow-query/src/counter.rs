//! Answers that are kept instead of calculated: a cache, and a count beside the table.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

/// How many orders a seller has open, calculated; `$1` is the seller.
pub const COUNT_OPEN: &str =
    "SELECT count(*) AS open_orders FROM orders WHERE seller_id = $1 AND status = 'open'";

/// The same, looked up; `$1` is the seller.
pub const LOOK_UP_OPEN: &str = "SELECT open_orders FROM open_order_counts WHERE seller_id = $1";

/// One answer that is kept for a while. No lock and no key: the demo has one reader.
#[derive(Clone, Copy, Debug)]
pub struct Kept<V> {
    lifetime: Duration,
    answer: Option<(Instant, V)>,
}

impl<V: Copy> Kept<V> {
    /// Keeps an answer for `lifetime`; nobody tells it when the answer changes.
    #[must_use]
    pub fn for_at_most(lifetime: Duration) -> Self {
        Self { lifetime, answer: None }
    }

    /// The answer as of `now`, calculated only if there is none young enough.
    ///
    /// # Errors
    /// Those of `calculate`; nothing is kept then.
    pub fn get<E>(
        &mut self,
        now: Instant,
        calculate: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, E> {
        if let Some((since, answer)) = self.answer
            && now.duration_since(since) < self.lifetime
        {
            return Ok(answer);
        }
        let answer = calculate()?;
        self.answer = Some((now, answer));
        Ok(answer)
    }
}

/// Adds a count for each seller and a trigger that keeps it. A trigger, not code in the
/// application: a bulk UPDATE by hand would pass the code by, and the count would be wrong forever.
/// Its price: the orders of one seller queue, and who writes two sellers' orders in one transaction
/// can deadlock with who writes them in the other order.
///
/// # Errors
/// When a statement fails.
pub fn install(connection: &mut PgConnection) -> QueryResult<()> {
    connection.batch_execute(
        "CREATE TABLE open_order_counts (
             seller_id integer PRIMARY KEY,
             open_orders bigint NOT NULL
         ) WITH (autovacuum_enabled = off);
         INSERT INTO open_order_counts
             SELECT seller_id, count(*) FROM orders WHERE status = 'open' GROUP BY seller_id;
         CREATE FUNCTION keep_open_order_counts() RETURNS trigger LANGUAGE plpgsql AS $$
         DECLARE
             was_open integer := CASE WHEN TG_OP <> 'INSERT' AND OLD.status = 'open' THEN 1 ELSE 0 END;
             is_open integer := CASE WHEN TG_OP <> 'DELETE' AND NEW.status = 'open' THEN 1 ELSE 0 END;
         BEGIN
             IF is_open <> was_open THEN
                 INSERT INTO open_order_counts AS counts
                     VALUES (CASE TG_OP WHEN 'DELETE' THEN OLD.seller_id ELSE NEW.seller_id END,
                             is_open - was_open)
                     ON CONFLICT (seller_id)
                         DO UPDATE SET open_orders = counts.open_orders + excluded.open_orders;
             END IF;
             RETURN NULL;
         END $$;
         CREATE TRIGGER open_order_counts AFTER INSERT OR DELETE OR UPDATE OF status ON orders
             FOR EACH ROW EXECUTE FUNCTION keep_open_order_counts();
         ANALYZE open_order_counts",
    )
}

/// Takes both away again.
///
/// # Errors
/// When a statement fails.
pub fn remove(connection: &mut PgConnection) -> QueryResult<()> {
    connection.batch_execute(
        "DROP TRIGGER open_order_counts ON orders;
         DROP FUNCTION keep_open_order_counts;
         DROP TABLE open_order_counts",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(kept: &mut Kept<u32>, now: Instant, truth: u32) -> u32 {
        kept.get(now, || Ok::<_, ()>(truth)).unwrap()
    }

    #[test]
    fn a_kept_answer_is_given_until_its_lifetime_ends_and_is_wrong_meanwhile() {
        let begin = Instant::now();
        let mut kept = Kept::for_at_most(Duration::from_secs(1));
        assert_eq!(ask(&mut kept, begin, 7), 7);
        assert_eq!(ask(&mut kept, begin + Duration::from_millis(999), 8), 7, "stale");
        assert_eq!(ask(&mut kept, begin + Duration::from_secs(1), 8), 8);
    }

    #[test]
    fn a_failure_is_not_kept() {
        let begin = Instant::now();
        let mut kept = Kept::for_at_most(Duration::from_secs(1));
        assert_eq!(kept.get(begin, || Err::<u32, _>("gone")), Err("gone"));
        assert_eq!(ask(&mut kept, begin, 7), 7);
    }
}
