//! The builds with holes stay where they are: on this machine, and out of every server.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::io::ErrorKind;
use std::sync::Arc;

use foundation::http::describe;
use foundation::scratch::Scratch;
use foundation::testing::TestApp;
use local_services::Purpose;
use web_security::MODULE;
use web_security::lab::{Build, Lab, PATHS, bind};

#[test]
fn a_build_with_holes_binds_this_machine_and_nothing_else() {
    let others = ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "10.0.0.1:0", "[::ffff:127.0.0.1]:0"];
    for address in others {
        let refused = bind(address.parse().unwrap()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PermissionDenied, "{address}");
    }
    assert!(bind("127.0.0.1:0".parse().unwrap()).is_ok());
}

#[test]
fn every_build_listens_on_loopback() {
    let scratch = Arc::new(Scratch::create(Purpose::Test).unwrap());
    for build in Build::ALL {
        let lab = Lab::open(build, &scratch).unwrap();
        assert!(lab.address().ip().is_loopback(), "{build:?}");
    }
}

#[actix_web::test]
async fn a_server_with_the_module_has_no_path_of_the_lab() {
    let app = TestApp::serving(&[&MODULE], &[]);
    for path in PATHS {
        app.anonymous().get(&path.replace("{id}", "1")).await.problem(404);
    }
    let paths = |routes| describe(routes).paths.paths.into_keys().collect::<Vec<_>>();
    assert_eq!(paths(&[MODULE.routes]), paths(&[]), "the module mounts nothing");
}
