#![allow(clippy::unwrap_used, clippy::expect_used)]
use std::collections::BTreeSet;
use std::sync::Arc;
#[test]
fn tmp() {
    let rec = Arc::new(evidence::Recorder::default());
    let options = evidence::RunOptions { scale: evidence::Scale::Quick, ..Default::default() };
    let a = &auth::ANSWER;
    evidence::run(a, &options, rec.clone());
    let mut names = BTreeSet::new();
    for f in std::fs::read_dir("tests").unwrap().chain(std::fs::read_dir("src").unwrap()) {
        let p = f.unwrap().path();
        if p.is_dir() {
            continue;
        }
        let t = std::fs::read_to_string(p).unwrap();
        for l in t.lines() {
            if let Some(r) = l.trim().trim_start_matches("async ").strip_prefix("fn ") {
                names.insert(r.split('(').next().unwrap().to_owned());
            }
        }
    }
    let v = evidence::rules::readme_violations(a, std::path::Path::new("."), &rec.events(), &names);
    for x in &v {
        println!("VIOLATION {x}");
    }
    let r = evidence::readme::Readme::parse(a.readme);
    println!(
        "WORDS {} q{} 30s {} 2m {}",
        evidence::rules::words(a.readme),
        evidence::rules::words(r.section("Question").unwrap()),
        evidence::rules::words(&r.spoken("30 seconds").unwrap()),
        evidence::rules::words(&r.spoken("Two minutes").unwrap())
    );
}
