//! Rules of the repository as functions, so that they can be tried on broken input too.

pub mod backend;
pub mod binary;
pub mod floors;
pub mod person;
pub mod test_names;
