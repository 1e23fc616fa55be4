//! Every question, whether it is built yet or not: the eighteen that this project came with, and
//! those that `make new-answer` added.

/// One interview question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// Counted from 1; also the prefix of the answer's folder.
    pub number: u8,
    /// Package name of the answer and last segment of its page's address.
    pub slug: &'static str,
    /// How it is asked.
    pub title: &'static str,
    /// What the interviewer listens for, in parts that are separated by commas.
    pub listens_for: &'static str,
    /// Whom it is usually asked.
    pub level: Level,
}

/// How much experience a question takes for granted. Every answer begins with what a junior says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// First years.
    Junior,
    /// Has run something in production.
    Middle,
    /// Decides, and pays for it.
    Senior,
}

impl Level {
    /// The level in one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Junior => "junior",
            Self::Middle => "mid-level",
            Self::Senior => "senior",
        }
    }
}

impl Question {
    /// The parts of [`Self::listens_for`]: each is something to tick off.
    pub fn checklist(&self) -> impl Iterator<Item = &'static str> {
        self.listens_for.split(", ")
    }
}

/// Where a newcomer begins: a small question, whose demo shows in seconds what all of them do.
pub const FIRST: &str = "create-user";

const fn ask(
    number: u8,
    slug: &'static str,
    title: &'static str,
    listens_for: &'static str,
    level: Level,
) -> Question {
    Question { number, slug, title, listens_for, level }
}

/// Every question in order.
pub const QUESTIONS: &[Question] = &[
    ask(
        1,
        "production-incident",
        "Tell me how you debugged a hard production issue",
        "context, investigation, working with others, resolution, calm",
        Level::Middle,
    ),
    ask(
        2,
        "code-performance",
        "Tell me about a piece of code you optimised",
        "what you saw, what you changed, what happened after",
        Level::Middle,
    ),
    ask(
        3,
        "todo-api",
        "Design an API for a basic CRUD application",
        "data model, endpoints, auth, validation, errors, caching, rate limits, and why",
        Level::Junior,
    ),
    ask(
        4,
        "log-partitions",
        "How can partitioning improve query performance?",
        "a definition, range, list or hash and when, recent-month queries, a real example",
        Level::Middle,
    ),
    ask(
        5,
        "inconsistent-responses",
        "The front-end team reports inconsistent responses",
        "gathering context, steps, communication, resolution or escalation",
        Level::Junior,
    ),
    ask(
        6,
        "sync-async",
        "Synchronous versus asynchronous, and when each?",
        "clear definitions, blocking or not, file reads both ways, a real project",
        Level::Junior,
    ),
    ask(
        7,
        "challenging-problem",
        "A challenging technical problem and how you solved it",
        "the situation, why it was hard, approaches tried, what failed",
        Level::Senior,
    ),
    ask(
        8,
        "error-handling",
        "How do you handle errors in your backend code?",
        "client or server, recoverable or critical, no leaks, monitoring, stability",
        Level::Junior,
    ),
    ask(
        9,
        "create-user",
        "Walk me through designing one endpoint, say POST /users",
        "expected data, validation, responses, duplicates and bad input, and why",
        Level::Junior,
    ),
    ask(
        10,
        "work-environment",
        "What work environment helps you do your best?",
        "specifics, tools and people, reflection",
        Level::Junior,
    ),
    ask(
        11,
        "shop-api",
        "Architect a scalable API for uneven e-commerce traffic",
        "flash sales, scaling both ways, SQL and NoSQL, monitoring, business impact",
        Level::Senior,
    ),
    ask(
        12,
        "slow-query",
        "How would you optimise a slow database query?",
        "indexes, plans, caching, denormalising, monitoring",
        Level::Middle,
    ),
    ask(
        13,
        "integrations",
        "How have you integrated different technologies?",
        "a real integration, a migration without losses, quantified improvement",
        Level::Middle,
    ),
    ask(
        14,
        "web-security",
        "How do you keep a web application secure?",
        "updates, audits, analysis tools, reviews, automated tests",
        Level::Middle,
    ),
    ask(
        15,
        "blog-api",
        "Design a RESTful API from scratch",
        "resources, versioning, errors, rate limits, relations, caching, validation",
        Level::Junior,
    ),
    ask(
        16,
        "auth",
        "Design a basic authentication system from scratch",
        "user table, bcrypt, login attempts, session tokens, honesty about limits",
        Level::Middle,
    ),
    ask(
        17,
        "architecture",
        "Walk me through a project you built and its architecture",
        "the problem, the stack, choices and why, what was learnt",
        Level::Senior,
    ),
    ask(
        18,
        "caching",
        "Where would you add a cache, and what can go wrong?",
        "stampedes, stale reads, invalidation, and when a cache costs more than it saves",
        Level::Senior,
    ),
];

/// The question with this slug.
#[must_use]
pub fn by_slug(slug: &str) -> Option<&'static Question> {
    QUESTIONS.iter().find(|question| question.slug == slug)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::ANSWERS;

    #[test]
    fn questions_are_numbered_from_one_without_gaps() {
        for (index, question) in QUESTIONS.iter().enumerate() {
            assert_eq!(usize::from(question.number), index + 1, "{}", question.slug);
        }
    }

    #[test]
    fn every_answer_belongs_to_a_question_of_its_number() {
        for answer in ANSWERS {
            let question = by_slug(answer.slug).unwrap();
            assert_eq!(question.number, answer.number, "{}", answer.slug);
            assert_eq!(question.title, answer.title, "{}", answer.slug);
        }
    }
}
