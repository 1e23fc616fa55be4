//! The study pages: rendered here, from the READMEs, the sources and the recorded runs.
//!
//! Reading order: `index`, `answer`, `practice`, `interviewer` and `try_it` (the pages) → `show`,
//! `story`, `predict`, `panel`, `api` (their parts) → `view`, `events` and `difference` (runs as
//! HTML) → `runs`, `stream`, `guard` (running one from the page) → `report` (all of it in a file).

mod answer;
mod api;
mod assets;
mod difference;
mod digest;
mod events;
mod guard;
mod highlight;
mod index;
mod interviewer;
mod layout;
mod markdown;
mod panel;
mod practice;
mod predict;
mod problems;
pub(crate) mod report;
mod request;
mod runs;
mod search;
mod show;
mod source;
mod story;
mod stream;
mod try_it;
mod view;
mod words;

use std::sync::{Arc, OnceLock};

use actix_web::Resource;
use actix_web::guard::{GuardContext, fn_guard};
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use error_handling::{Problem, ProblemType};
use evidence::Answer;
use foundation::http::MountPages;

pub use guard::DemoPolicy;
pub use runs::Runs;

use digest::Digest;

use crate::questions::{self, QUESTIONS, Question};

/// An answer and what its page is made of.
type Built<'study> = (&'static Answer, &'study Digest);

/// The question as it is asked.
fn asked(answer: &'static Answer) -> &'static str {
    questions::by_slug(answer.slug).map_or(answer.title, |question| question.title)
}

/// What the pages are made of; cheap to clone.
#[derive(Clone, Debug)]
pub struct Study {
    answers: &'static [&'static Answer],
    /// One for each answer, made when its page is first asked for.
    digests: Arc<Vec<OnceLock<Digest>>>,
    runs: Runs,
    policy: DemoPolicy,
}

impl Study {
    /// Pages for these answers.
    #[must_use]
    pub fn new(answers: &'static [&'static Answer], policy: DemoPolicy, runs: Runs) -> Self {
        let digests = Arc::new(answers.iter().map(|_| OnceLock::new()).collect());
        let study = Self { answers, digests, runs, policy };
        study.prepare();
        study
    }

    /// Makes every digest on a thread, so that the first page need not wait for all of them.
    fn prepare(&self) {
        let study = self.clone();
        let work = move || {
            for one in study.answers {
                study.find(one.slug);
            }
        };
        // Without the thread each page makes its own.
        let _ = std::thread::Builder::new().name("study pages".to_owned()).spawn(work);
    }

    /// Mounts every page.
    #[must_use]
    pub fn pages(self) -> MountPages {
        Arc::new(move |config| mount(config, self.clone()))
    }

    /// Every question with its answer, where it is built.
    fn questions(&self) -> impl Iterator<Item = (&'static Question, Option<Built<'_>>)> {
        QUESTIONS.iter().map(|question| (question, self.find(question.slug)))
    }

    /// The answer with this slug and what its page is made of.
    fn find(&self, slug: &str) -> Option<Built<'_>> {
        let at = self.answers.iter().position(|answer| answer.slug == slug)?;
        let digest = self.digests[at].get_or_init(|| Digest::of(self.answers[at]));
        Some((self.answers[at], digest))
    }
}

/// Every address of the pages. A browser's form can only post, hence the POST routes.
fn mount(config: &mut ServiceConfig, study: Study) {
    config
        .app_data(web::Data::new(study))
        .service(reads("/").route(web::get().to(index::page)))
        .service(reads("/answers/{slug}").route(web::get().to(answer::page)))
        .service(
            reads("/answers/{slug}/recorded/{chart}.svg")
                .route(web::get().to(answer::recorded_picture)),
        )
        .service(reads("/answers/{slug}/sources/{index}").route(web::get().to(source::page)))
        .service(reads("/practice").route(web::get().to(practice::list)))
        .service(reads("/practice/random").route(web::get().to(practice::random)))
        .service(reads("/practice/{slug}").route(web::get().to(practice::page)))
        .service(reads("/interviewer").route(web::get().to(interviewer::list)))
        .service(reads("/interviewer/{slug}").route(web::get().to(interviewer::page)))
        .service(reads("/try").route(web::get().to(try_it::page)))
        .service(writes("/answers/{slug}/runs").route(web::post().to(request::start)))
        .service(writes("/runs/{number}/stop").route(web::post().to(request::stop)))
        .service(reads("/runs/{number}/events").route(web::get().to(stream::watch)))
        .service(reads("/runs/{number}/charts/{chart}.svg").route(web::get().to(request::picture)))
        .service(reads("/problems").route(web::get().to(problems::all)))
        .service(reads("/problems/{name}").route(web::get().to(problems::one)))
        .service(reads("/assets/{version}/{name}").route(web::get().to(assets::serve)))
        .service(web::resource("/{nowhere:.*}").guard(fn_guard(is_lost)).to(problems::nowhere));
}

/// Somebody who typed an address into a browser; programs are given the problem itself.
fn is_lost(context: &GuardContext<'_>) -> bool {
    let head = context.head();
    let reads = head.method == Method::GET || head.method == Method::HEAD;
    reads && !head.uri.path().starts_with("/api/") && problems::wants_page(&head.headers)
}

/// A page or picture: GET, and HEAD, which the server turns into GET.
fn reads(path: &str) -> Resource {
    web::resource(path).default_service(web::to(|| refuse(vec![Method::GET, Method::HEAD])))
}

fn writes(path: &str) -> Resource {
    web::resource(path).default_service(web::to(|| refuse(vec![Method::POST])))
}

/// 405 with `Allow`; a resource of actix-web leaves that header out.
async fn refuse(allowed: Vec<Method>) -> Result<web::Bytes, Problem> {
    let detail = "This address does not support the method.";
    Err(Problem::new(ProblemType::MethodNotAllowed, detail).with_allow(allowed))
}
