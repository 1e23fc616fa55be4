//! The study pages: rendered here, from the READMEs, the sources and the recorded runs.
//!
//! Reading order: `index` and `answer` (the pages) → `show`, `api`, `panel` (their parts) → `view`
//! and `events` (a run as HTML) → `runs`, `stream`, `guard` (running one from the page).

mod answer;
mod api;
mod assets;
mod digest;
mod events;
mod guard;
mod highlight;
mod index;
mod layout;
mod markdown;
mod panel;
mod problems;
mod request;
mod runs;
mod show;
mod stream;
mod view;

use std::sync::{Arc, OnceLock};

use actix_web::Resource;
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use error_handling::{Problem, ProblemType};
use evidence::Answer;
use foundation::http::MountPages;

pub use guard::DemoPolicy;
pub use runs::Runs;

use digest::Digest;

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
        let digests = answers.iter().map(|_| OnceLock::new()).collect();
        Self { answers, digests: Arc::new(digests), runs, policy }
    }

    /// Mounts every page.
    #[must_use]
    pub fn pages(self) -> MountPages {
        Arc::new(move |config| mount(config, self.clone()))
    }

    /// The answer with this slug and what its page is made of.
    fn find(&self, slug: &str) -> Option<(&'static Answer, &Digest)> {
        let at = self.answers.iter().position(|answer| answer.slug == slug)?;
        let digest = self.digests[at].get_or_init(|| Digest::of(self.answers[at]));
        Some((self.answers[at], digest))
    }
}

/// Every address of the pages. A browser's form can only post, hence the two POST routes.
fn mount(config: &mut ServiceConfig, study: Study) {
    config
        .app_data(web::Data::new(study))
        .service(reads("/").route(web::get().to(index::page)))
        .service(reads("/answers/{slug}").route(web::get().to(answer::page)))
        .service(
            reads("/answers/{slug}/recorded/{chart}.svg")
                .route(web::get().to(answer::recorded_picture)),
        )
        .service(writes("/answers/{slug}/runs").route(web::post().to(request::start)))
        .service(writes("/runs/current/stop").route(web::post().to(request::stop)))
        .service(reads("/runs/current/events").route(web::get().to(stream::watch)))
        .service(reads("/runs/{number}/charts/{chart}.svg").route(web::get().to(request::picture)))
        .service(reads("/problems").route(web::get().to(problems::all)))
        .service(reads("/problems/{name}").route(web::get().to(problems::one)))
        .service(reads("/assets/{version}/{name}").route(web::get().to(assets::serve)));
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
