//! Names the schema after the text of the migrations, and rebuilds when one is added or changed,
//! which the macro that embeds them does not notice by itself.

use std::collections::BTreeMap;
use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../migrations");
    println!("cargo::rerun-if-changed=../../migrations");
    let mut files = BTreeMap::new();
    for migration in fs::read_dir(&folder)? {
        let migration = migration?;
        let text = fs::read_to_string(migration.path().join("up.sql"))?;
        files.insert(migration.file_name(), text);
    }
    let mut hash = DefaultHasher::new();
    files.hash(&mut hash);
    println!("cargo::rustc-env=SCHEMA_VERSION={:016x}", hash.finish());
    Ok(())
}
