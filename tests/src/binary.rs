//! The programs of the workspace, as a user would run them.

use std::path::PathBuf;
use std::process::Command;
use std::{env, io};

/// Builds the programs in the profile of this test and returns where that of `package` is.
///
/// # Errors
/// When it does not build.
pub fn path(package: &str) -> io::Result<PathBuf> {
    // …/target/<profile>/deps/<test>: the program lies two steps up.
    let test = env::current_exe()?;
    let profile = test.ancestors().nth(2).ok_or(io::ErrorKind::NotFound)?.to_path_buf();
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    // The same selection as `cargo test --workspace`: with another one the features of shared
    // crates differ, and half the workspace would be built a second time.
    build.args(["build", "--quiet", "--workspace", "--all-targets"]);
    if profile.ends_with("release") {
        build.arg("--release");
    }
    if !build.status()?.success() {
        return Err(io::Error::other("the workspace does not build"));
    }
    Ok(profile.join(package))
}

/// Sends a signal by name, such as `INT`, to one process.
///
/// # Errors
/// When `kill` cannot be run or refuses.
pub fn signal(process: u32, name: &str) -> io::Result<()> {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(process.to_string()).status()?;
    if sent.success() { Ok(()) } else { Err(io::Error::other("kill refused")) }
}
