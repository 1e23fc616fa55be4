//! Every crate keeps the rules of the workspace.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::fs;

use cargo_metadata::MetadataCommand;

#[test]
fn every_crate_is_described_licensed_and_under_the_workspace_lints() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    for package in metadata.workspace_packages() {
        let name = &package.name;
        let manifest = fs::read_to_string(&package.manifest_path).unwrap();
        assert!(
            package.description.as_ref().is_some_and(|text| text.len() > 20),
            "{name}: description"
        );
        assert_eq!(package.license.as_deref(), Some("MIT OR Apache-2.0"), "{name}");
        assert!(manifest.contains("[lints]\nworkspace = true"), "{name}: lints");
        assert!(!manifest.contains("version = \"="), "{name}: versions belong in the workspace");
    }
}

#[test]
fn answers_stand_in_folders_that_carry_their_number() {
    for answer in backend::answers::ANSWERS {
        let folder = evidence::workspace::answer_folder(answer);
        let expected = format!("{:02}-{}", answer.number, answer.slug);
        assert_eq!(folder.file_name().unwrap().to_str(), Some(expected.as_str()));
    }
}
