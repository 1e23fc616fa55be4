//! Another password, and what it ends.

use error_handling::{InvalidField, Problem, ProblemType};
use foundation::database::Database;

use crate::accounts::{self, Credentials};
use crate::auth::{Auth, Event};
use crate::challenge::refused;
use crate::request::PasswordRequest;
use crate::sessions::{self, Changed};
use crate::{CurrentUser, Password, Verdict};

impl Auth {
    /// Verifies the present password, stores the new one, and ends every other session.
    ///
    /// # Errors
    /// 422 that points at a password that is wrong or not acceptable; 401 if the session has ended;
    /// 409 if somebody else was quicker; 429 and 503 with `Retry-After`.
    pub(crate) async fn change_password(
        &self,
        database: &Database,
        who: CurrentUser,
        request: PasswordRequest,
    ) -> Result<(), Problem> {
        let (user, session) = who.pair();
        let found = database
            .run(move |connection| accounts::credentials_of(connection, user, session))
            .await?
            .ok_or_else(|| refused("session has ended"))?;
        let (current, new) = parse(&request, &found)?;
        self.verify_counted(&found, &current).await?;
        let new = self.passwords.hash(&new).await?;
        let verified = found.password_hash;
        let change = database.run_write(move |connection| {
            sessions::change_password(connection, (user, session), &verified, &new)
        });
        match change.await? {
            Changed::Done(ended) => {
                tracing::info!(user_id = user.number(), ended, "password changed");
                Ok(())
            }
            Changed::Overtaken => Err(Problem::new(
                ProblemType::Conflict,
                "The password was changed by somebody else just now.",
            )),
        }
    }

    /// Counted with the log-ins of the account: a stolen token is no second way to guess.
    async fn verify_counted(&self, found: &Credentials, current: &Password) -> Result<(), Problem> {
        let account = self.account_key(&found.email_normalized);
        let counted = self.limits.count_logged_in(account).await?;
        match self.passwords.verify(current, Some(&found.password_hash)).await {
            Ok(Verdict::Wrong) => {
                self.count(Event::WrongPassword, 1);
                Err(Problem::invalid(vec![InvalidField::body(
                    "/current_password",
                    "wrong",
                    "This is not the present password.",
                )]))
            }
            outcome => {
                counted.give_back().await;
                outcome.map(|_| ())
            }
        }
    }
}

/// Both fields at once; the new one by the rules for new passwords.
fn parse(
    request: &PasswordRequest,
    account: &Credentials,
) -> Result<(Password, Password), Problem> {
    let refused = |pointer: &str, why: crate::PasswordFault| {
        InvalidField::body(pointer, why.code(), why.to_string())
    };
    let known = [account.email.as_str(), account.name.as_str()];
    let current = Password::attempt(&request.current_password)
        .map_err(|why| refused("/current_password", why));
    let new =
        Password::parse(&request.new_password, &known).map_err(|why| refused("/new_password", why));
    match (current, new) {
        (Ok(current), Ok(new)) => Ok((current, new)),
        (current, new) => {
            Err(Problem::invalid(current.err().into_iter().chain(new.err()).collect()))
        }
    }
}
