//! What happens between a readable request and its response.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use auth::{AccountForm, Passwords};
use diesel::{Connection, PgConnection};
use error_handling::{Cause, InvalidField, Problem, on_constraint};
use foundation::client_address::client_address;
use foundation::database::{Database, KeyedReads};
use foundation::idempotency::{self, Attempt, Claimed, IdempotencyKey, StoredResponse};
use foundation::module::{Share, StartFailure, Starting};
use foundation::rate_limit::{Allowance, RateLimit, client_key};
use ipnet::IpNet;
use secrecy::ExposeSecret;

use crate::model::{Email, NewUser};
use crate::request::{Applicant, Registration};
use crate::store;

/// Longer than a registration can take: the hash's wait, the hash, the database's wait and time-out.
/// What outlives it all the same is kept from finishing by [`idempotency::finish`].
const LEASE: Duration = Duration::from_secs(30);

/// Keys are told apart by route, so that one key may serve a client for two of them.
const SCOPE: &str = "POST /api/v1/users";

/// What all registrations of a server share.
pub(crate) struct Registrations {
    passwords: Passwords,
    limit: Option<RateLimit<IpAddr>>,
    trusted_proxies: Vec<IpNet>,
}

impl Registrations {
    /// Takes the server's hashing lane, and tells log-in which addresses are one account.
    pub(crate) fn start(starting: &mut Starting<'_>) -> Result<Share, StartFailure> {
        let passwords = Passwords::start(starting)?;
        AccountForm::is(starting, |typed| Some(Email::parse(typed).ok()?.normalized().to_owned()))?;
        let config = &starting.config.http;
        let per_minute = |limit| RateLimit::new("registrations", limit, Duration::from_secs(60));
        let registrations = web::Data::new(Self {
            passwords,
            limit: NonZeroU32::new(config.registration_limit).map(per_minute),
            trusted_proxies: config.trusted_proxies.clone(),
        });
        Ok(Arc::new(move |config| {
            config.app_data(registrations.clone());
            config.app_data(web::Data::new(KeyedReads::new(store::profiles)));
        }))
    }

    /// Counts a registration against the limit of its client address; nothing where there is no
    /// limit. A limit of its own, far below the one of the API: each registration costs a hash and
    /// tells whether an address is taken.
    pub(crate) fn count(&self, request: &HttpRequest) -> Option<Allowance> {
        let (limit, peer) = (self.limit.as_ref()?, request.peer_addr()?);
        let client = client_address(peer.ip(), request.headers(), &self.trusted_proxies);
        Some(limit.take(&client_key(client)))
    }

    /// The 429 for a registration that was counted and not granted.
    pub(crate) fn refusal(allowance: Option<Allowance>) -> Option<HttpResponse> {
        let refused = allowance.filter(|allowance| !allowance.granted)?;
        Some(HttpResponse::from_error(RateLimit::<IpAddr>::refusal(refused)))
    }

    /// Tells the client how many registrations it has left.
    pub(crate) fn describe(&self, allowance: Option<Allowance>, response: &mut HttpResponse) {
        if let (Some(limit), Some(allowance)) = (&self.limit, allowance) {
            limit.describe(allowance, response.headers_mut());
        }
    }

    /// Makes the account; with a key, once however often the request is repeated.
    ///
    /// # Errors
    /// 409 for an address that is taken and while the same attempt runs, 422 for a key that came
    /// with another request, 503 when hashing or the database is too busy.
    pub(crate) async fn register(
        self: Arc<Self>,
        database: Database,
        registration: &Registration,
        applicant: Applicant,
        key: Option<IdempotencyKey>,
    ) -> Result<HttpResponse, Problem> {
        let Some(key) = key else {
            let made = self.create(&database, applicant, None).await?;
            return Ok(made.into_response(false));
        };
        let fingerprint = self.passwords.digest(registration.canonical().expose_secret());
        let attempt = Attempt { scope: SCOPE, key, fingerprint };
        let writing = database.clone();
        let create = |claimed| async move { self.create(&writing, applicant, Some(claimed)).await };
        idempotency::once(&database, attempt, LEASE, create).await
    }

    /// Hashes between claim and transaction, never inside: a connection that waits for a hash
    /// serves nobody, and a transaction that waits holds its locks.
    async fn create(
        &self,
        database: &Database,
        applicant: Applicant,
        claimed: Option<Claimed>,
    ) -> Result<StoredResponse, Problem> {
        let Applicant { email, name, password } = applicant;
        let password_hash = self.passwords.hash(&password).await?;
        let user = NewUser { email, name, password_hash };
        database.run_write(move |connection| store_once(connection, &user, claimed.as_ref())).await
    }
}

/// Stores the account and, for an attempt, its response: both or neither, whatever dies when.
/// Without an attempt one statement, which needs no transaction around it.
pub(crate) fn store_once(
    connection: &mut PgConnection,
    user: &NewUser,
    claimed: Option<&Claimed>,
) -> Result<StoredResponse, Problem> {
    let Some((attempt, lease)) = claimed else { return insert(connection, user) };
    connection.transaction(|connection| {
        let response = insert(connection, user)?;
        idempotency::finish(connection, attempt, *lease, &response)?;
        Ok(response)
    })
}

fn insert(connection: &mut PgConnection, user: &NewUser) -> Result<StoredResponse, Problem> {
    let account = store::insert(connection, user).map_err(|error| {
        on_constraint(error, store::EMAIL_UNIQUE, || {
            InvalidField::body("/email", "taken", "This address has an account.")
        })
    })?;
    let body = serde_json::to_string(&account)
        .map_err(|_| Problem::internal(Cause::new("account could not be written as JSON")))?;
    let location = Some(format!("/api/v1/users/{}", account.id));
    Ok(StoredResponse { status: StatusCode::CREATED, location, body })
}
