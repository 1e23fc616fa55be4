//! The names of the tests in a folder, by which READMEs refer to them.

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use syn::visit::Visit;

/// Every function below `folder` that carries a test attribute, such as `#[actix_web::test]`.
///
/// # Errors
/// When a file cannot be read.
pub fn test_names(folder: &Path) -> io::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    collect(folder, &mut names)?;
    Ok(names)
}

fn collect(folder: &Path, names: &mut BTreeSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, names)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(names_in(&fs::read_to_string(&path)?));
        }
    }
    Ok(())
}

/// The tests of one file; none when it is not Rust.
#[must_use]
pub fn names_in(text: &str) -> BTreeSet<String> {
    struct Tests(BTreeSet<String>);
    impl<'ast> Visit<'ast> for Tests {
        fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
            let is_test = |attribute: &syn::Attribute| {
                attribute.path().segments.last().is_some_and(|last| last.ident == "test")
            };
            if function.attrs.iter().any(is_test) {
                self.0.insert(function.sig.ident.to_string());
            }
        }
    }
    let mut tests = Tests(BTreeSet::new());
    if let Ok(file) = syn::parse_file(text) {
        tests.visit_file(&file);
    }
    tests.0
}
