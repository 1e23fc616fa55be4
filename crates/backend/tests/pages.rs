//! What a browser gets.
//!
//! Ids and roles that tests in a browser rely on, by page:
//! - every page: `main#main`, `a.skip`, `nav[aria-label=Site] a[aria-current=page]`
//! - `/`: `#start`, `#search`, `#q`, `#results li.row[data-slug]`, `#progress-summary`
//! - `/answers/{slug}`: sections `#say #story #show #run …`, `#your-story input[name=story]` with
//!   `#story-{value}`, `.predict-card[data-predict]`, `#run-form`, `#run-start`, `#run-stop`,
//!   `#run-status-text`, `#run-queue`, `#live-ending .verdict`, `#recorded-run`
//! - `/practice`: `#draw`, `[data-box]`, `#export`, `#import`, `#clear`, `#memory-status`;
//!   `/practice/{slug}`: `#clock-start`, `#time`, `#answer`, `input[name=heard]`, `li.depth`,
//!   `[data-grade]`, `#judge-status`, `#next`
//! - `/interviewer/{slug}`: `section.switch#{name}`, `form.flip`, `#changed-{name} .expectation`,
//!   `li[data-claim]`, `tr[data-changed]`
//! - `/try`: `#sign-in-form`, `#register`, `#sign-in-status`, `.endpoint[data-operation]`,
//!   `.try-form`, `.exchanges .exchange`

mod support;

use backend::answers::{ANSWERS, switches};
use backend::questions::QUESTIONS;
use backend::study::DemoPolicy;
use error_handling::ProblemType;
use evidence::Answer;
use support::{HOLDING, SAMPLE, Site, assert_balanced};

static SAMPLES: &[&Answer] = &[&SAMPLE, &HOLDING];

fn addresses(answers: &[&Answer]) -> Vec<String> {
    let mut paths: Vec<String> =
        ["/", "/?q=index", "/practice", "/interviewer", "/try", "/problems"]
            .map(str::to_owned)
            .into();
    for answer in answers {
        paths.push(format!("/practice/{}", answer.slug));
        if !switches(answer).is_empty() {
            paths.push(format!("/interviewer/{}", answer.slug));
        }
        paths.extend(
            (0..answer.sources.len()).map(|n| format!("/answers/{}/sources/{n}", answer.slug)),
        );
    }
    paths.extend(answers.iter().map(|answer| format!("/answers/{}", answer.slug)));
    paths.extend(ProblemType::ALL.iter().map(|kind| kind.uri()));
    paths
}

#[actix_web::test]
async fn every_page_is_whole_and_keeps_to_itself() {
    for answers in [ANSWERS, SAMPLES] {
        let site = Site::start(answers, DemoPolicy::Loopback);
        for path in addresses(answers) {
            let page = site.get(&path).await;
            assert_eq!(page.status, 200, "{path}");
            assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{path}");
            let policy = page.header("content-security-policy");
            assert!(
                policy.starts_with("default-src 'none'; script-src 'self'"),
                "{path}: {policy}"
            );
            assert!(!policy.contains("unsafe"), "{path}: {policy}");
            assert_eq!(page.text.matches("<h1").count(), 1, "{path}");
            assert_balanced(&page.text, &path);
            for refused in [" style=", "<style", " onclick=", "<script>", "src=\"http", "url(http"]
            {
                assert!(!page.text.contains(refused), "{path} holds {refused}");
            }
        }
    }
}

#[actix_web::test]
async fn ids_are_unique_and_jump_links_lead_somewhere() {
    for answers in [ANSWERS, SAMPLES] {
        let site = Site::start(answers, DemoPolicy::Loopback);
        for path in addresses(answers) {
            let page = site.get(&path).await.text;
            let mut ids: Vec<&str> = attributes(&page, " id=\"").collect();
            let count = ids.len();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), count, "{path}: an id occurs twice");
            for target in attributes(&page, " href=\"#") {
                assert!(ids.contains(&target), "{path}: nothing has the id {target}");
            }
        }
    }
}

fn attributes<'page>(page: &'page str, start: &'page str) -> impl Iterator<Item = &'page str> {
    page.split(start).skip(1).filter_map(|rest| rest.split('"').next())
}

#[actix_web::test]
async fn questions_that_are_not_built_are_marked_and_not_linked() {
    let site = Site::start(ANSWERS, DemoPolicy::Loopback);
    let page = site.get("/").await.text;
    for question in QUESTIONS {
        let link = format!("<h3><a href=\"/answers/{}\"", question.slug);
        let built = ANSWERS.iter().any(|answer| answer.slug == question.slug);
        assert_eq!(page.contains(&link), built, "{}", question.slug);
        assert!(page.contains(question.title), "{}", question.slug);
    }
    let open = QUESTIONS.len() - ANSWERS.len();
    assert_eq!(page.matches(">not built yet</span>").count(), open);
}

#[actix_web::test]
async fn the_page_shows_what_is_said_beside_its_code_and_proof() {
    let site = Site::start(SAMPLES, DemoPolicy::Loopback);
    let page = site.get("/answers/todo-api").await.text;
    for expected in [
        "Design an API for a basic CRUD application</h1>",
        "Adding is <em>one</em> call",
        r#"<span class="k">fn</span> <span class="f">add</span>"#,
        "src/lib.rs : 1–4",
        "It holds 3 times",
        "sums are right",
        "not recorded yet: run the demo",
        r#"title="measured on 2026-01-02 · CPU"#,
        r#"<p class="senior"><strong>Senior"#,
        "<code>add</code>?</summary>",
        "recorded on <time",
        "href=\"/answers/todo-api/sources/0#L1\"",
        "2.00 MB disk",
        "JavaScript",
    ] {
        assert!(page.contains(expected), "{expected} is missing");
    }
    assert!(!page.contains("old output") && !page.contains("alert(1)</script>"));
}

#[actix_web::test]
async fn every_code_item_that_an_answer_names_in_its_own_sources_is_shown() {
    let site = Site::start(ANSWERS, DemoPolicy::Loopback);
    for answer in ANSWERS {
        let page = site.get(&format!("/answers/{}", answer.slug)).await.text;
        let rows = evidence::readme::Readme::parse(answer.readme).show_rows();
        let named = rows.iter().filter_map(|row| row.code.as_ref());
        let own = named.filter(|code| answer.sources.iter().any(|one| one.path == code.path));
        assert_eq!(
            page.matches("<details class=\"code-item\"").count(),
            own.count(),
            "{}",
            answer.slug
        );
    }
}

#[actix_web::test]
async fn pictures_of_the_recorded_run_are_checked_by_their_tag() {
    let site = Site::start(SAMPLES, DemoPolicy::Loopback);
    let path = "/answers/todo-api/recorded/sums.svg";
    assert!(site.get("/answers/todo-api").await.text.contains(&format!("src=\"{path}\"")));
    let first = site.get(path).await;
    assert_eq!(first.header("content-type"), "image/svg+xml");
    assert!(first.text.starts_with("<svg") && first.text.contains("prefers-color-scheme:dark"));
    let known = [("if-none-match", first.header("etag"))];
    let again = site.send(actix_web::http::Method::GET, path, &known, "").await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    assert_eq!(site.get("/answers/todo-api/recorded/other.svg").await.status, 404);
}

#[actix_web::test]
async fn files_may_be_kept_for_ever_under_the_address_of_their_content() {
    let site = Site::start(SAMPLES, DemoPolicy::Loopback);
    let page = site.get("/").await.text;
    let files: Vec<&str> = page.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        let reply = site.get(file).await;
        assert_eq!(reply.status, 200, "{file}");
        assert!(reply.header("cache-control").contains("immutable"), "{file}");
    }
    assert_eq!(site.get("/assets/0000000000000000/style.css").await.status, 404);
}

#[actix_web::test]
async fn the_front_page_is_light() {
    let site = Site::start(ANSWERS, DemoPolicy::Loopback);
    let page = site.get("/").await.text;
    let mut bytes = page.len();
    for file in page.split('"').filter(|part| part.starts_with("/assets/")) {
        bytes += site.get(file).await.text.len();
    }
    // With what its scripts import, and without compression.
    let imported = page.split("/assets/").nth(1).unwrap().split('/').next().unwrap();
    bytes += site.get(&format!("/assets/{imported}/boxes.js")).await.text.len();
    assert!(bytes < 100_000, "{bytes} bytes");
}

#[actix_web::test]
async fn a_search_works_without_a_script_and_names_the_sections() {
    let site = Site::start(ANSWERS, DemoPolicy::Loopback);
    let page = site.get("/?q=Stampede").await.text;
    assert!(page.contains("<h3><a href=\"/answers/caching\""), "{page}");
    assert!(!page.contains("<h3><a href=\"/answers/log-partitions\""), "{page}");
    let nothing = site.get("/?q=%3Cscript%3Ealert(1)%3C/script%3E").await.text;
    assert!(nothing.contains("0 of 18 hold <q>&lt;script&gt;"), "{nothing}");
    let both = site.get("/?q=covering+index").await.text;
    assert!(both.contains("href=\"/answers/slow-query#say\""), "{both}");
}

#[actix_web::test]
async fn a_random_question_is_one_that_is_built() {
    let site = Site::start(SAMPLES, DemoPolicy::Loopback);
    let reply = site.get("/practice/random").await;
    let built = ["/practice/todo-api", "/practice/caching"];
    assert_eq!(reply.status, 303);
    assert!(built.contains(&reply.header("location")), "{}", reply.header("location"));
}

#[actix_web::test]
async fn every_story_says_that_it_was_measured_on_a_demo() {
    let site = Site::start(ANSWERS, DemoPolicy::Loopback);
    for answer in ANSWERS {
        let page = site.get(&format!("/answers/{}", answer.slug)).await.text;
        let told = page.matches("measured on a demo, not in production").count();
        assert_eq!(told, 4, "{}", answer.slug);
        let stories: String = page.split("<article class=\"telling\"").skip(1).collect();
        let stories = stories.split("id=\"show\"").next().unwrap();
        for written in ["<!--", "check:", "test:", "**", "`"] {
            assert!(!stories.contains(written), "{}: nobody says {written}", answer.slug);
        }
    }
}

#[actix_web::test]
async fn every_endpoint_can_be_tried_and_says_whether_it_wants_a_token() {
    let site = Site::start(ANSWERS, DemoPolicy::Loopback);
    let page = site.get("/try").await.text;
    let description = site.get("/openapi.json").await.json();
    let paths = description["paths"].as_object().unwrap();
    for (path, methods) in paths.iter().filter(|(path, _)| path.starts_with("/api/")) {
        for (method, operation) in methods.as_object().unwrap() {
            let method = method.to_uppercase();
            let form = format!("data-method=\"{method}\" data-path=\"{path}\"");
            let found = page.split("<form").find(|part| part.contains(&form));
            let found = found.unwrap_or_else(|| panic!("{method} {path} is missing"));
            let guarded = operation["security"][0].get("bearer").is_some();
            let tag = found.split('>').next().unwrap();
            assert_eq!(tag.contains("data-guarded"), guarded, "{method} {path}");
        }
    }
    let scheme = &description["components"]["securitySchemes"]["bearer"];
    assert_eq!((&scheme["type"], &scheme["scheme"]), (&"http".into(), &"bearer".into()));
    let guarded =
        |path: &str, method: &str| paths[path][method]["security"][0].get("bearer").is_some();
    assert!(guarded("/api/v1/todos", "get") && !guarded("/api/v1/sessions", "post"));
}

#[actix_web::test]
async fn what_is_not_there_is_a_problem_and_a_wrong_method_names_the_right_ones() {
    let site = Site::start(SAMPLES, DemoPolicy::Loopback);
    for path in [
        "/answers/slow-query",
        "/problems/none",
        "/runs/9/charts/a.svg",
        "/nowhere",
        "/practice/none",
        "/interviewer/caching-no",
        "/answers/todo-api/sources/9",
    ] {
        let reply = site.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.json()["type"], "/problems/not-found", "{path}");
    }
    let browser = [("accept", "text/html,*/*;q=0.8")];
    let get = actix_web::http::Method::GET;
    assert_eq!(site.send(get, "/answers/slow-query", &browser, "").await.status, 404);
    let post = actix_web::http::Method::POST;
    let reply = site.send(post, "/answers/todo-api", &[], "").await;
    assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, "GET, HEAD"));
    let reply = site.get("/runs/1/stop").await;
    assert_eq!((reply.status.as_u16(), reply.header("allow")), (405, "POST"));
}
