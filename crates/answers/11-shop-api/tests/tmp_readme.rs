#![allow(missing_docs, clippy::unwrap_used)]
use std::collections::BTreeSet;
use std::sync::Arc;
use evidence::{Recorder, RunOptions, Scale, rules};
#[test]
fn tmp() {
    let recorder = Arc::new(Recorder::default());
    let options = RunOptions { scale: Scale::Quick, ..RunOptions::default() };
    let verdict = evidence::run(&shop_api::ANSWER, &options, recorder.clone());
    println!("{verdict:?} {:?}", recorder.events().last());
    let mut names = BTreeSet::new();
    names.insert("a_crowd_keeps_every_order_that_it_was_told_of".to_owned());
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for v in rules::readme_violations(&shop_api::ANSWER, folder, &recorder.events(), &names) { println!("VIOLATION {v}"); }
    println!("words {}", rules::words(shop_api::ANSWER.readme));
}
