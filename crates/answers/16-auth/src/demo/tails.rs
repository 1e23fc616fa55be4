//! bcrypt reads 72 bytes of a password. What of the rest?

use evidence::{Failure, Quantity, RungKind, Stage};
use secrecy::SecretString;

use crate::{Password, PasswordKey, tempting};

/// The cheapest there is: what is shown does not depend on it.
const COST: u32 = 4;

/// A password, and one that is another to everybody but bcrypt.
struct Pair {
    right: String,
    wrong: String,
}

/// One way to hash and compare; `None` where the password cannot be hashed at all.
type Way<'key> = Box<dyn Fn(&str, &str) -> Option<bool> + 'key>;

fn pairs() -> Vec<Pair> {
    let pair = |right: String, wrong: String| Pair { right, wrong };
    let phrase = "correct horse battery staple ".repeat(3);
    let euros = "€".repeat(24);
    vec![
        pair(format!("{phrase}one"), format!("{phrase}two")),
        pair(format!("{phrase}tail"), phrase.clone()),
        pair("€".repeat(64), format!("{euros}{}", "$".repeat(40))),
        pair(format!("{}!", "x1".repeat(36)), format!("{}?", "x1".repeat(36))),
        pair(
            "пароль для моего сервера номер один, и ещё".to_owned(),
            "пароль для моего сервера номер один, и все".to_owned(),
        ),
        pair("short enough".to_owned(), "short enoug".to_owned()),
    ]
}

/// Climbs the ladder; returns how many wrong passwords plain bcrypt takes for right.
pub(super) fn climb(stage: &Stage) -> Result<u64, Failure> {
    stage.step("The bytes that bcrypt does not read");
    let pairs = pairs();
    let key = PasswordKey::new(vec![7; 32]);
    let prepare = |typed: &str| {
        let password = Password::attempt(&SecretString::from(typed)).ok()?;
        Some(key.prepare(&password))
    };
    let ways: [(RungKind, &str, Way<'_>); 3] = [
        (
            RungKind::Wrong,
            "bcrypt as it is",
            Box::new(|right, typed| {
                let stored = tempting::hash_what_fits(right, COST).ok()?;
                bcrypt::verify(typed, &stored).ok()
            }),
        ),
        (
            RungKind::Tempting,
            "bcrypt, refusing what is too long",
            Box::new(|right, typed| {
                let stored = bcrypt::non_truncating_hash(right, COST).ok()?;
                bcrypt::non_truncating_verify(typed, &stored).ok()
            }),
        ),
        (
            RungKind::Right,
            "keyed digest, then bcrypt",
            Box::new(|right, typed| {
                let stored = bcrypt::hash(prepare(right)?, COST).ok()?;
                bcrypt::verify(prepare(typed)?, &stored).ok()
            }),
        ),
    ];
    let columns = ["wrong ones accepted", "right ones accepted", "could not be stored"];
    let ladder = stage.ladder(format!("{} passwords, most of them long", pairs.len()), &columns);
    let mut seen = Vec::new();
    for (kind, name, way) in &ways {
        stage.go_on()?;
        let told = |typed: fn(&Pair) -> &String| -> Vec<Option<bool>> {
            pairs.iter().map(|pair| way(&pair.right, typed(pair))).collect()
        };
        let count = |told: &[Option<bool>], outcome| {
            told.iter().filter(|one| **one == outcome).count() as u64
        };
        let (wrong, right) = (told(|pair| &pair.wrong), told(|pair| &pair.right));
        let wrong = count(&wrong, Some(true));
        let (right, unstored) = (count(&right, Some(true)), count(&right, None));
        let cells = [wrong, right, unstored].map(|count| Quantity::count(count).into());
        ladder.rung(*kind, *name, cells.to_vec());
        seen.push((wrong, right, unstored));
    }
    let [plain, refusing, keyed] = seen.as_slice() else { return Err("three rungs".into()) };
    judge(stage, pairs.len() as u64, [*plain, *refusing, *keyed]);
    Ok(plain.0)
}

fn judge(stage: &Stage, all: u64, [plain, refusing, keyed]: [(u64, u64, u64); 3]) {
    let label = "wrong passwords that plain bcrypt takes for right";
    stage.measure("tails-plain", label, Quantity::count(plain.0));
    let label = "good passwords that cannot be stored where long ones are refused";
    stage.measure("tails-refused", label, Quantity::count(refusing.2));
    stage.check(
        "bcrypt-ignores-the-tail",
        format!("plain bcrypt takes {} wrong passwords of {all} for right", plain.0),
        plain.0 > 0,
    );
    stage.check(
        "refusing-keeps-people-out",
        format!("refusing what is too long turns {} of {all} good passwords away", refusing.2),
        refusing.0 == 0 && refusing.2 > 0,
    );
    stage.check(
        "every-byte-counts",
        format!(
            "with a keyed digest first, {} wrong ones pass and all {} right ones",
            keyed.0, keyed.1
        ),
        keyed == (0, all, 0),
    );
}
