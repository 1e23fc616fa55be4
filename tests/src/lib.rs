//! Rules of the repository as functions, so that they can be tried on broken input too.

pub mod attempts;
pub mod backend;
pub mod binary;
pub mod browser;
pub mod deploy;
pub mod documents;
pub mod floors;
pub mod person;
pub mod places;
pub mod reading_path;
pub mod requests;
pub mod security_doc;
pub mod test_names;
