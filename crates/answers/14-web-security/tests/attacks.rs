//! Each attack lands where nothing holds it off, and on the tempting fix, and nowhere else.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

use std::sync::Arc;

use foundation::scratch::Scratch;
use local_services::Purpose;
use web_security::attacks::ATTACKS;
use web_security::lab::{Build, Lab};

/// What the attack of this name gets from a fresh lab of this build.
async fn loot(attack: &str, build: Build, scratch: &Arc<Scratch>) -> u64 {
    let lab = Lab::open(build, scratch).unwrap();
    let attack = ATTACKS.iter().find(|known| known.id == attack).expect("there is such an attack");
    attack.run(&lab).await.unwrap().count
}

async fn lands_on_holes_alone(attack: &str, vulnerable: u64, tempting: u64) {
    let scratch = Arc::new(Scratch::create(Purpose::Test).unwrap());
    assert_eq!(
        loot(attack, Build::Vulnerable, &scratch).await,
        vulnerable,
        "from the build with holes"
    );
    assert_eq!(loot(attack, Build::Tempting, &scratch).await, tempting, "from the tempting fix");
    assert_eq!(loot(attack, Build::Hardened, &scratch).await, 0, "from the hardened build");
}

#[actix_web::test]
async fn a_search_is_no_statement_and_finds_nothing_private() {
    lands_on_holes_alone("sql-injection", 20, 20).await;
}

#[actix_web::test]
async fn an_order_of_somebody_else_is_not_there() {
    lands_on_holes_alone("object-access", 20, 20).await;
}

#[actix_web::test]
async fn a_client_changes_the_fields_that_are_its_own() {
    lands_on_holes_alone("mass-assignment", 2, 1).await;
}

#[actix_web::test]
async fn a_token_does_not_choose_how_it_is_checked() {
    lands_on_holes_alone("forged-token", 3, 2).await;
}

#[actix_web::test]
async fn a_link_preview_reaches_nothing_inside() {
    lands_on_holes_alone("ssrf", 7, 2).await;
}

#[actix_web::test]
async fn a_file_name_leads_to_no_other_folder() {
    lands_on_holes_alone("path-traversal", 3, 2).await;
}

#[actix_web::test]
async fn a_comment_is_text_whatever_stands_in_it() {
    lands_on_holes_alone("stored-xss", 4, 4).await;
}

#[actix_web::test]
async fn a_page_elsewhere_moves_no_money() {
    lands_on_holes_alone("csrf", 20, 10).await;
}

#[actix_web::test]
async fn guessing_ends_long_before_the_list_of_passwords_does() {
    lands_on_holes_alone("brute-force", 1, 1).await;
}

#[actix_web::test]
async fn a_body_over_the_limit_is_not_kept_announced_or_not() {
    lands_on_holes_alone("oversized-body", 16, 8).await;
}

#[actix_web::test]
async fn a_client_that_never_finishes_is_cut_off_at_any_point() {
    lands_on_holes_alone("slow-client", 12, 8).await;
}

#[actix_web::test]
async fn a_log_has_no_line_that_a_client_wrote_and_no_secret() {
    lands_on_holes_alone("log-injection", 5, 3).await;
}

#[actix_web::test]
async fn a_redirect_stays_on_this_site() {
    lands_on_holes_alone("open-redirect", 5, 3).await;
}

#[actix_web::test]
async fn no_dependency_has_a_published_hole() {
    lands_on_holes_alone("known-vulnerability", 4, 2).await;
}
