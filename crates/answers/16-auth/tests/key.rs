//! The key that passwords are prepared with.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use auth::{KeyError, PasswordKey};
use foundation::scratch::Scratch;
use local_services::Purpose;
use secrecy::SecretString;

#[test]
fn servers_of_one_database_share_the_key_they_made_and_others_have_another() {
    let digest = |scratch: &Scratch| {
        let key = PasswordKey::obtain(None, &mut scratch.connect().unwrap()).unwrap();
        key.digest(b"a message")
    };
    let (one, other) =
        (Scratch::create(Purpose::Test).unwrap(), Scratch::create(Purpose::Test).unwrap());
    let together: Vec<[u8; 32]> = std::thread::scope(|scope| {
        let replicas: Vec<_> = (0..4).map(|_| scope.spawn(|| digest(&one))).collect();
        replicas.into_iter().map(|replica| replica.join().unwrap()).collect()
    });
    assert!(together.iter().all(|digest| *digest == together[0]));
    assert_eq!(digest(&one), together[0], "and after a restart");
    assert_ne!(digest(&other), together[0]);
}

#[test]
fn a_configured_key_is_used_and_a_short_one_refused() {
    let scratch = Scratch::create(Purpose::Test).unwrap();
    let mut connection = scratch.connect().unwrap();
    let mut obtain =
        |key: &str| PasswordKey::obtain(Some(&SecretString::from(key)), &mut connection);
    let long = "0123456789abcdef0123456789abcdef";
    let same = PasswordKey::new(long.as_bytes().to_vec());
    assert_eq!(obtain(long).unwrap().digest(b"x"), same.digest(b"x"));
    assert!(matches!(obtain("too short"), Err(KeyError::TooShort)));
}
