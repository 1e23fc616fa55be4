//! Captures the compiler's version; a run's stamp names it.

use std::process::Command;

fn main() {
    // Only this file: the commit is read at run time, or every commit would rebuild all crates.
    println!("cargo:rerun-if-changed=build.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .unwrap_or_default();
    let number = version.split_whitespace().nth(1).unwrap_or("unknown");
    println!("cargo:rustc-env=EVIDENCE_RUSTC={number}");
}
