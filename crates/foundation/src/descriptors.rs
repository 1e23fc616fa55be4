//! Room for connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// As many as are worth asking for; systems whose hard limit is "any number" still have one.
const ENOUGH: u64 = 1 << 16;

/// Asks for as many open files as the system allows this process, up to 65,536.
///
/// Many systems start a program with 1,024, for programs older than `poll`, and let it ask for more.
/// A connection costs two here, as its clock holds the second, so 512 slow clients would be all it
/// takes to keep everybody else out.
pub fn make_room() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(ENOUGH, |maximum| maximum.min(ENOUGH));
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }) {
        tracing::warn!(?current, wanted, %error, "the limit of open files stays as it is");
    }
}
