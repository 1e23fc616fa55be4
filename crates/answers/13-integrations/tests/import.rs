//! An export and its dirt: what is taken, what is refused, and what a second import does.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A test that cannot go on should stop.

mod support;

use auth::testing::sign_up;
use foundation::testing::{TestApp, count};
use integrations::MODULE;
use integrations::import::{Report, import};
use serde_json::Value;
use support::{HEADER, import_rows, owner, refused, row, serving, until};

const IMPORTS: &str = "/api/v1/catalogue/imports";

#[actix_web::test]
async fn dirt_that_means_something_is_understood() {
    let (app, owner) = owner();
    let csv = "\u{feff}ID;URL;Title;Slug;Category;Price;Published;Status;Redirect_To;Body;Extra\r\n\
        7;http://old.example/cms/item.php?utm_source=x&id=7#top;\"A \"\"good\"\" spade; really\";\
        Garden Spade;Garden;24,5;31.03.2019;PUBLISHED;;\"two\r\nlines\";ignored\r\n";
    let mut connection = app.scratch.connect().unwrap();
    let report = import(&mut connection, owner.user, csv.as_bytes()).unwrap();
    let expected = Report { rows: 1, inserted: 1, addresses: 1, ..Report::default() };
    assert_eq!(report, expected);

    let found = app.anonymous().get("/api/v1/catalogue").await.json();
    assert_eq!(found[0]["slug"], "garden-spade");
    assert_eq!(found[0]["title"], "A \"good\" spade; really");
    assert_eq!((&found[0]["category"], &found[0]["price_cents"]), (&"garden".into(), &2450.into()));
    let page = app.anonymous().get("/catalogue/garden-spade").await;
    assert!(
        page.text.contains("2019-03-31") && page.text.contains("<p>lines</p>"),
        "{}",
        page.text
    );
}

#[actix_web::test]
async fn each_refused_row_is_named_with_its_column_and_reason_and_the_rest_is_imported() {
    let (app, owner) = owner();
    let cases = [
        ("0,/cms/a,T,s1,c,1,2019-01-01,published,,b", "id", "not_a_number"),
        ("2,/elsewhere,T,s2,c,1,2019-01-01,published,,b", "url", "outside"),
        ("3,/cms/c,,s3,c,1,2019-01-01,published,,b", "title", "empty"),
        ("4,/cms/d,T,!!!,c,1,2019-01-01,published,,b", "slug", "not_a_slug"),
        ("5,/cms/e,T,s5,,1,2019-01-01,published,,b", "category", "not_a_slug"),
        ("6,/cms/f,T,s6,c,free,2019-01-01,published,,b", "price", "not_a_price"),
        ("7,/cms/g,T,s7,c,1,2019-02-30,published,,b", "published", "not_a_date"),
        ("8,/cms/h,T,s8,c,1,2019-01-01,maybe,,b", "status", "not_allowed"),
        ("9,/cms/i,T,s9,c,1,2019-01-01,published,,a\u{7}b", "body", "control_character"),
        ("10,/cms/j,too short", "", "another_width"),
        (",/cms/k,,,,,,moved,https://evil.example/,", "redirect_to", "outside"),
        (",/cms/l,,,,,,moved,/cms/nowhere,", "redirect_to", "target_missing"),
    ];
    let rows: String = cases.iter().map(|(row, ..)| format!("{row}\n")).collect();
    let report = import_rows(&app, &owner, &format!("{}{rows}", row(1)));
    assert_eq!((report.rows, report.inserted, report.refused), (13, 1, 12));
    for (index, (line, column, code)) in cases.iter().enumerate() {
        let refusal = &report.refusals[index];
        assert_eq!(refusal.row, index + 3, "{line}");
        assert_eq!((refusal.column.as_str(), refusal.code.as_str()), (*column, *code), "{line}");
    }
}

#[actix_web::test]
async fn a_row_that_is_no_utf8_is_refused_alone() {
    let (app, owner) = owner();
    let mut csv = format!("{HEADER}{}", row(1)).into_bytes();
    csv.extend(b"2,/cms/2,caf\xe9,page-2,garden,1,2019-01-01,published,,text\n");
    let mut connection = app.scratch.connect().unwrap();
    let report = import(&mut connection, owner.user, &csv).unwrap();
    assert_eq!((report.inserted, report.refusals[0].code.as_str()), (1, "not_utf8"));
}

#[actix_web::test]
async fn the_same_file_again_changes_nothing_and_a_corrected_one_only_what_differs() {
    let (app, owner) = owner();
    let first = import_rows(&app, &owner, &[row(1), row(2)].concat());
    assert_eq!((first.inserted, first.updated, first.addresses), (2, 0, 2));
    let again = import_rows(&app, &owner, &[row(1), row(2)].concat());
    assert_eq!((again.inserted, again.updated, again.addresses), (0, 0, 0));

    let renamed = row(2).replace("Page 2,page-2", "Another title,another-slug");
    let corrected = import_rows(&app, &owner, &[row(1), renamed].concat());
    assert_eq!((corrected.inserted, corrected.updated), (0, 1));
    let page = app.anonymous().get("/catalogue/page-2").await;
    assert!(page.text.contains("Another title"), "the address stays: {}", page.text);
    assert_eq!(count(&app.scratch, "catalogue_pages"), 2);
}

#[actix_web::test]
async fn nobody_overwrites_the_pages_and_addresses_of_others() {
    let (app, owner) = owner();
    let stranger = sign_up(&app, "stranger");
    import_rows(&app, &owner, &row(1));
    let same_slug = row(1).replace("/cms/1.html", "/cms/other.html");
    let same_address = row(1).replace("page-1", "page-9");
    let report = import_rows(&app, &stranger, &same_slug);
    assert_eq!((report.inserted, report.refusals[0].code.as_str()), (0, "slug_taken"));
    let report = import_rows(&app, &stranger, &same_address);
    assert_eq!((report.inserted, report.refusals[0].code.as_str()), (0, "url_taken"));
    let listed = app.anonymous().get("/api/v1/catalogue").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

async fn post(app: &TestApp, token: &str, kind: &str, csv: &[u8]) -> foundation::testing::Reply {
    let headers = [("content-type", kind)];
    let client = app.bearing(token);
    client.send(actix_web::http::Method::POST, IMPORTS, &headers, Some(csv.to_vec())).await
}

#[actix_web::test]
async fn an_import_is_accepted_done_in_the_background_and_reported_to_its_owner_alone() {
    let app = serving(&MODULE);
    let (owner, stranger) = (sign_up(&app, "owner"), sign_up(&app, "stranger"));
    let csv = format!("{HEADER}{}x\n", row(1));
    let accepted = post(&app, &owner.token, "text/csv", csv.as_bytes()).await;
    assert_eq!(accepted.status, 202, "{}", accepted.text);
    let location = accepted.header("location").to_owned();
    until("the import", || count(&app.scratch, "catalogue_pages") == 1).await;

    let report: Value = owner.client.get(&location).await.json();
    assert_eq!((&report["inserted"], &report["refused"]), (&1.into(), &1.into()));
    assert_eq!(report["refusals"][0]["code"], "another_width");
    stranger.client.get(&location).await.problem(404);
    app.anonymous().get(&location).await.problem(401);
}

#[actix_web::test]
async fn a_file_that_cannot_be_taken_is_a_report_as_well() {
    let app = serving(&MODULE);
    let owner = sign_up(&app, "owner");
    let location =
        post(&app, &owner.token, "text/csv", b"nothing").await.header("location").to_owned();
    until("the report", || count(&app.scratch, "catalogue_imports WHERE csv IS NULL") == 1).await;
    let report = owner.client.get(&location).await.json();
    assert_eq!(report["refusals"][0]["code"], "missing_column", "{report}");
}

#[actix_web::test]
async fn what_is_no_import_is_refused_before_it_is_kept() {
    let (app, owner) = owner();
    post(&app, "no token", "text/csv", b"x").await.problem(401);
    post(&app, &owner.token, "application/json", b"{}").await.problem(415);
    let long = vec![b'x'; (8 << 20) + 1];
    post(&app, &owner.token, "text/csv", &long).await.problem(413);
    assert_eq!(count(&app.scratch, "catalogue_imports"), 0);
    // No worker runs here, so the first one waits.
    assert_eq!(post(&app, &owner.token, "text/csv", b"x").await.status, 202);
    let second = post(&app, &owner.token, "text/csv", b"x").await;
    assert_eq!(refused(&second, 409), [("#".to_owned(), "waiting".to_owned())]);
}
