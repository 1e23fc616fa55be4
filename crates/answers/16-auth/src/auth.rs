//! What all routes that know their user share.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, web};
use foundation::client_address::client_address;
use foundation::metrics::Metrics;
use foundation::module::{Share, StartFailure, Starting};
use foundation::rate_limit::client_key;
use ipnet::IpNet;

use crate::limits::LoginLimits;
use crate::refresh::SuccessorKey;
use crate::store::Lifetimes;
use crate::token::Tokens;
use crate::{AccountForm, Passwords, TokenKeys};

/// Keys, limits and times of one server. Nothing in it changes after the start, so its workers
/// share it without a lock.
#[derive(Debug)]
pub(crate) struct Auth {
    pub(crate) passwords: Passwords,
    pub(crate) accounts: AccountForm,
    pub(crate) tokens: Tokens,
    pub(crate) successors: SuccessorKey,
    pub(crate) limits: LoginLimits,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) access_lifetime: Duration,
    pub(crate) metrics: Metrics,
    trusted_proxies: Vec<IpNet>,
}

/// Starts what [`crate::CurrentUser`] and the routes of this answer need; every module with guarded
/// routes calls it, and the first call does the work.
///
/// # Errors
/// When a key is too weak or cannot be had.
pub fn start(starting: &mut Starting<'_>) -> Result<Share, StartFailure> {
    let auth = web::Data::from(starting.once(Auth::start)?);
    Ok(Arc::new(move |config| {
        config.app_data(auth.clone());
    }))
}

impl Auth {
    fn start(starting: &mut Starting<'_>) -> Result<Arc<Self>, StartFailure> {
        let passwords = Passwords::start(starting)?;
        let accounts = AccountForm::of(starting)?;
        let config = &starting.config.auth;
        let keys = TokenKeys::obtain(config.token_keys.as_ref(), starting.connection)?;
        let successors = SuccessorKey::obtain(starting.connection)?;
        let lifetimes = Lifetimes {
            idle: config.refresh_lifetime,
            absolute: config.session_lifetime,
            grace: config.refresh_grace,
        };
        let auth = Self {
            passwords,
            accounts,
            tokens: Tokens::new(keys, config.token_leeway),
            successors,
            limits: LoginLimits::new(config, starting.redis),
            lifetimes,
            access_lifetime: config.access_lifetime,
            metrics: starting.metrics.clone(),
            trusted_proxies: starting.config.http.trusted_proxies.clone(),
        };
        // Shown as 0 from the start: a counter that appears with the first theft alerts nobody.
        for event in [Event::WrongPassword, Event::RefreshReplayed] {
            auth.count(event, 0);
        }
        Ok(Arc::new(auth))
    }

    /// Who sent a request, as limits know it: the peer, unless a trusted proxy names its client.
    pub(crate) fn client(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr()?.ip();
        Some(client_key(client_address(peer, request.headers(), &self.trusted_proxies)))
    }

    pub(crate) fn count(&self, event: Event, times: u64) {
        let (name, help) = match event {
            Event::WrongPassword => ("logins_failed_total", "Log-ins with a wrong password"),
            Event::RefreshReplayed => {
                ("refresh_replayed_total", "Sessions ended because a used token came back")
            }
        };
        self.metrics.count(name, help, times);
    }
}

/// What somebody who runs the server should see the number of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    WrongPassword,
    RefreshReplayed,
}
