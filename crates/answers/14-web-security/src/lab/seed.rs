//! The data that every build starts with.

use std::fs;
use std::io;
use std::num::NonZeroU32;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, PgConnection, RunQueryDsl, sql_query};
use evidence::Failure;
use foundation::database::Database;
use foundation::metrics::Metrics;
use foundation::rate_limit::RateLimit;
use foundation::scratch::Scratch;
use foundation::testing::config;
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;
use url::Url;

use super::Site;
use super::journal::Journal;
use super::session::Tokens;
use crate::{Outbound, OutboundSettings};

/// Whose notes, orders and money are worth something, with her password.
pub(crate) const ADA: (i64, &str, &str) = (1, "ada", "correct horse battery");
/// Who attacks: an ordinary account.
pub(crate) const MALLORY: (i64, &str, &str) = (2, "mallory", "password of an attacker");
/// Whose password is one of [`PASSWORDS`].
pub(crate) const GRACE: (i64, &str, &str) = (3, "grace", "sunshine");

/// Who attacks nobody.
pub(crate) const JUDY: (i64, &str, &str) = (4, "judy", "judy's own password");

/// What people choose, most frequent first.
pub(crate) const PASSWORDS: [&str; 30] = [
    "123456",
    "password",
    "123456789",
    "12345678",
    "qwerty",
    "111111",
    "12345",
    "1234567",
    "abc123",
    "letmein",
    "iloveyou",
    "monkey",
    "dragon",
    "football",
    "baseball",
    "welcome",
    "admin",
    "princess",
    "master",
    "hello",
    "freedom",
    "whatever",
    "trustno1",
    "starwars",
    "superman",
    "batman",
    "shadow",
    "michael",
    "sunshine",
    "jordan",
];

/// What lies beside the public folder.
pub(crate) const SECRET_FILE: &str = "canary-file: the key of the safe";

/// The lowest cost: the lab is about who may guess, not about how long a guess takes.
const COST: u32 = 4;

/// What a password is compared with where there is no account, so that the time of the answer names
/// none. It lets nobody in: there is nobody whom it would stand for.
pub(super) static NOBODY: LazyLock<String> =
    LazyLock::new(|| bcrypt::hash("nobody", COST).unwrap_or_default());

/// Ten wrong passwords for an account in a quarter of an hour.
const GUESSES: NonZeroU32 = NonZeroU32::new(10).unwrap();
const GUESSING_WINDOW: Duration = Duration::from_secs(15 * 60);

const TABLES: &str = "
    CREATE TABLE people (
        id bigint PRIMARY KEY, name text NOT NULL, password_hash text NOT NULL,
        role text NOT NULL DEFAULT 'member', balance bigint NOT NULL DEFAULT 100);
    CREATE TABLE notes (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author bigint NOT NULL,
        title text NOT NULL, body text NOT NULL, public boolean NOT NULL);
    CREATE TABLE orders (id bigint PRIMARY KEY, owner bigint NOT NULL, item text NOT NULL);
    CREATE TABLE comments (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL);
    INSERT INTO notes (author, title, body, public)
        SELECT 1, 'Diary ' || n, 'private: page ' || n, false FROM generate_series(1, 20) AS n;
    INSERT INTO notes (author, title, body, public)
        SELECT 1, 'O''Brien''s recipe ' || n, 'Boil, then wait.', true FROM generate_series(1, 5) AS n;
    INSERT INTO orders SELECT n, 1, 'book ' || n FROM generate_series(1, 20) AS n;
    INSERT INTO orders SELECT n, 2, 'pen ' || n FROM generate_series(21, 25) AS n;
    INSERT INTO orders VALUES (26, 4, 'kite');";

/// Makes tables and accounts in a schema of their own; returns the URL under which no other is seen.
pub(super) fn tables(scratch: &Scratch) -> Result<SecretString, Failure> {
    static LABS: AtomicU32 = AtomicU32::new(0);
    let schema = format!("lab_{}", LABS.fetch_add(1, Ordering::Relaxed));
    let mut url = Url::parse(scratch.url().expose_secret())?;
    url.query_pairs_mut().append_pair("options", &format!("-csearch_path={schema}"));
    let connection = &mut PgConnection::establish(url.as_str())?;
    connection.batch_execute(&format!("CREATE SCHEMA {schema}; {TABLES}"))?;
    for (id, name, password) in [ADA, MALLORY, GRACE, JUDY] {
        sql_query("INSERT INTO people (id, name, password_hash) VALUES ($1, $2, $3)")
            .bind::<BigInt, _>(id)
            .bind::<Text, _>(name)
            .bind::<Text, _>(bcrypt::hash(password, COST)?)
            .execute(connection)?;
    }
    Ok(SecretString::from(String::from(url)))
}

/// Makes a folder with a file for everybody, and one beside it for nobody.
pub(super) fn files() -> io::Result<TempDir> {
    let folder = tempfile::tempdir()?;
    fs::create_dir(folder.path().join("public"))?;
    fs::write(folder.path().join("public/guide..txt"), "Read me first.")?;
    fs::write(folder.path().join("secret.txt"), SECRET_FILE)?;
    Ok(folder)
}

impl Site {
    pub(super) fn new(url: SecretString, folder: &TempDir) -> Result<Self, Failure> {
        let config = config(&["--database-threads", "2", "--database-long-threads", "1"]);
        let limit = |name| RateLimit::new(name, GUESSES, GUESSING_WINDOW);
        Ok(Self {
            database: Database::open(&url, &config.database, &Metrics::new()?),
            url,
            folder: folder.path().join("public").canonicalize()?,
            tokens: Tokens::new()?,
            journal: Journal::new(),
            outbound: Outbound::new(OutboundSettings::default()),
            guesses: limit("guesses"),
            guesses_by_header: limit("guesses-by-header"),
        })
    }
}
