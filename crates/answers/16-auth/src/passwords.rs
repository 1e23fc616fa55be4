//! Passwords as the rest of the server sees them: hash, verify, and nothing of how.

use error_handling::Problem;
use foundation::module::{StartFailure, Starting};

use crate::{HashingLane, Password, PasswordHash, PasswordKey, Verdict};

/// The hashing lane with its key; cheap to clone.
#[derive(Clone, Debug)]
pub struct Passwords {
    lane: HashingLane,
    key: PasswordKey,
    cost: u32,
}

impl Passwords {
    /// Starts the hashing thread and obtains the key, once for each server: registration and
    /// log-in share one lane, as two would take the cores that one was made to leave alone.
    ///
    /// # Errors
    /// When there is no key, no thread, or the metrics of the lane are registered already.
    pub fn start(starting: &mut Starting<'_>) -> Result<Self, StartFailure> {
        starting.once(|starting| {
            let config = &starting.config.passwords;
            let lane = HashingLane::start(config, starting.metrics)?;
            let key = PasswordKey::obtain(config.password_key.as_ref(), starting.connection)?;
            Ok(Self { lane, key, cost: config.bcrypt_cost })
        })
    }

    /// Hashes a password for storing.
    ///
    /// # Errors
    /// 503 with `Retry-After` when too many wait already.
    pub async fn hash(&self, password: &Password) -> Result<PasswordHash, Problem> {
        self.lane.hash(password, &self.key).await
    }

    /// Compares a password with what is stored for the account; without an account, with a hash
    /// that no password has, at the same cost: the time of the answer does not tell which it was.
    ///
    /// # Errors
    /// 503 with `Retry-After` when too many wait already.
    pub async fn verify(
        &self,
        password: &Password,
        stored: Option<&PasswordHash>,
    ) -> Result<Verdict, Problem> {
        let hash = stored.cloned().unwrap_or_else(|| PasswordHash::of_nobody(self.cost));
        let verdict = self.lane.verify(password, &self.key, hash).await?;
        Ok(if stored.is_some() { verdict } else { Verdict::Wrong })
    }

    /// A keyed digest, the same on every server; begin `message` with a label of its own use.
    #[must_use]
    pub fn digest(&self, message: &[u8]) -> [u8; 32] {
        self.key.digest(message)
    }
}
