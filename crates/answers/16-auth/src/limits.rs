//! How often a log-in may fail.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use error_handling::{Cause, Problem, ProblemType};
use foundation::config::AuthConfig;
use foundation::rate_limit::{Allowance, RateLimit};
use foundation::redis::{Redis, RedisGone};

/// Over which log-ins that failed are counted.
pub(crate) const WINDOW: Duration = Duration::from_secs(15 * 60);

/// When to try again while there is nothing to count with.
const WHILE_REDIS_IS_GONE: Duration = Duration::from_secs(5);

/// An account as limits know it: a keyed digest of its address, as what counts in Redis is read by
/// more people than the database, and an address without an account is counted like any other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct AccountKey(String);

impl AccountKey {
    /// From the normal form of an address, by a keyed digest.
    pub(crate) fn of(email_normalized: &str, digest: impl FnOnce(&[u8]) -> [u8; 32]) -> Self {
        let digest = digest(["login-account\0", email_normalized].concat().as_bytes());
        Self(digest[..16].iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Counts log-ins that fail, for each account and for each client address.
///
/// The one for accounts is what holds against guesses from many addresses; the one for addresses
/// against one guess for each of many accounts. Neither locks an account: a place becomes free
/// again every few seconds to minutes, for whoever comes, and who is logged in notices nothing.
#[derive(Debug)]
pub(crate) struct LoginLimits {
    accounts: Option<RateLimit<AccountKey>>,
    addresses: Option<RateLimit<IpAddr>>,
}

/// What was counted for one attempt, to be given back if it is no failure.
#[derive(Debug)]
pub(crate) struct Counted<'limits> {
    limits: &'limits LoginLimits,
    account: AccountKey,
    address: Option<IpAddr>,
}

impl LoginLimits {
    pub(crate) fn new(config: &AuthConfig, redis: Option<&Redis>) -> Self {
        let accounts = NonZeroU32::new(config.login_limit)
            .map(|limit| RateLimit::new("login-account", limit, WINDOW).shared(redis));
        let addresses = NonZeroU32::new(config.login_address_limit)
            .map(|limit| RateLimit::new("login-address", limit, WINDOW).shared(redis));
        Self { accounts, addresses }
    }

    /// Counts an attempt before its password is looked at: counted afterwards, as many would be
    /// looked at as are sent at once.
    ///
    /// # Errors
    /// 429 with `Retry-After`; 503 when the servers count together and cannot. Counting alone
    /// instead would multiply the guesses by the number of servers, for whoever can bring Redis
    /// down, and those who are logged in do not need this.
    pub(crate) async fn count(
        &self,
        account: AccountKey,
        address: IpAddr,
    ) -> Result<Counted<'_>, Problem> {
        // The address first: an address that is refused must not use up an account's attempts.
        if let Some(limit) = &self.addresses {
            granted(limit.admit(&address).await)?;
        }
        if let Some(limit) = &self.accounts {
            granted(limit.admit(&account).await)?;
        }
        Ok(Counted { limits: self, account, address: Some(address) })
    }

    /// Counts an attempt of somebody who is logged in, and goes on alone while Redis is gone: a
    /// password is changed in a hurry, and a token is needed to guess here at all.
    ///
    /// # Errors
    /// 429 with `Retry-After`.
    pub(crate) async fn count_logged_in(
        &self,
        account: AccountKey,
    ) -> Result<Counted<'_>, Problem> {
        if let Some(limit) = &self.accounts {
            granted(Ok(limit.admit_or_local(&account).await))?;
        }
        Ok(Counted { limits: self, account, address: None })
    }
}

impl Counted<'_> {
    /// Gives the attempt back: the password was right, or nobody looked at it.
    pub(crate) async fn give_back(self) {
        if let Some(limit) = &self.limits.accounts {
            limit.refund(&self.account).await;
        }
        if let (Some(limit), Some(address)) = (&self.limits.addresses, self.address) {
            limit.refund(&address).await;
        }
    }
}

fn granted(counted: Result<Allowance, RedisGone>) -> Result<(), Problem> {
    match counted {
        Ok(allowance) if allowance.granted => Ok(()),
        Ok(allowance) => {
            let detail = "Too many attempts; wait a little.";
            Err(Problem::new(ProblemType::TooManyRequests, detail)
                .with_retry_after(allowance.retry_after)
                .with_cause(Cause::new("too many failed log-ins")))
        }
        Err(RedisGone) => {
            let detail = "Nobody can log in at the moment; try again shortly.";
            Err(Problem::unavailable(detail, WHILE_REDIS_IS_GONE)
                .with_cause(Cause::new("failed log-ins cannot be counted: Redis is gone")))
        }
    }
}
