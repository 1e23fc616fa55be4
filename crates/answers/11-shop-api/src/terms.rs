//! How an order is held until it is paid, and how much one person may hold.

use std::time::Duration;

use auth::UserId;
use diesel::PgConnection;
use error_handling::Problem;
use foundation::config::ShopConfig;

use crate::model::Line;
use crate::store::orders;

/// What a server grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long an order's stock is kept for it.
    pub reservation: Duration,
    /// Pieces that one person may have in orders that are not paid yet; 0 for no limit.
    pub per_person: u32,
}

impl Terms {
    /// Those of a server.
    #[must_use]
    pub fn of(config: &ShopConfig) -> Self {
        let per_person = config.shop_reserved_per_person;
        Self { reservation: config.shop_reservation, per_person }
    }

    /// Lets an order of these lines pass. Reserving costs nothing, so it is bounded: nobody keeps a
    /// sale from everybody else. Run it in the transaction of the order.
    ///
    /// # Errors
    /// 409 for who would have more reserved than one person may.
    pub fn allow(
        &self,
        connection: &mut PgConnection,
        user: UserId,
        lines: &[Line],
    ) -> Result<(), Problem> {
        let (most, wanted) = (self.per_person, lines.iter().map(|line| line.quantity.get()));
        let wanted: i64 = wanted.map(i64::from).sum();
        if most == 0 || orders::reserved_by(connection, user)? + wanted <= most.into() {
            return Ok(());
        }
        let detail = format!("Until they are paid, {most} pieces are the most that you may have.");
        Err(Problem::full(detail))
    }
}
