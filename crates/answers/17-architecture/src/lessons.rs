//! What was learnt the hard way, each with the change that taught it.

use std::fmt::Write as _;

/// One lesson.
#[derive(Clone, Copy, Debug)]
pub struct Lesson {
    /// Abbreviated hash of the change.
    pub change: &'static str,
    /// Its subject, so that a copy without history can be read, too.
    pub subject: &'static str,
    /// What was believed, and what was so.
    pub learnt: &'static str,
    /// What keeps it from happening again.
    pub now: &'static str,
}

/// Oldest first.
pub const LESSONS: &[Lesson] = &[
    Lesson {
        change: "89e0e74",
        subject: "Show that the connection clock is what cuts off a dripping later head",
        learnt: "The library's own request time-out covers the first head of a connection only; a \
                 test of one head would have passed without our clock",
        now: "`a_later_head_that_never_ends_is_cut_off_too_however_often_a_byte_comes`",
    },
    Lesson {
        change: "9da3e51",
        subject: "Make the executor's test wait for facts instead of a clock; trim answer 8",
        learnt: "A test that sleeps until something has surely happened fails on a busy machine",
        now: "`long_statements_on_every_long_connection_leave_short_ones_alone` waits for what it \
              needs to see",
    },
    Lesson {
        change: "4a189b1",
        subject: "Start a server anew when it dies while somebody attaches",
        learnt: "Between \"it runs\" and \"I use it\" the last user may leave and take it down",
        now: "`a_server_that_dies_while_somebody_attaches_is_started_again`",
    },
    Lesson {
        change: "cae332a",
        subject: "Refuse on arrival whoever would wait past the bound",
        learnt: "A bound on waiting that is checked at the head of the queue lets everybody wait \
                 that long before they are refused",
        now: "`the_expected_wait_follows_the_work_and_the_length_of_the_queue`",
    },
    Lesson {
        change: "ecf5ab6",
        subject: "Short statements are planned once per connection; the benchmark measures \
                  pressure and overload",
        learnt: "On a partitioned table PostgreSQL planned a short query at every execution, and \
                 planning cost more than executing",
        now: "`plan_cache_mode` per lane, and tests on the plans",
    },
    Lesson {
        change: "678b527",
        subject: "The backend is built of ten answers; tests over replicas, kills and a Redis that \
                  fails",
        learnt: "A Redis that is killed and starts empty is another fault than one that is away: \
                 it answers, and has forgotten",
        now: "`a_redis_that_forgets_everything_leaves_no_list_stale`",
    },
    Lesson {
        change: "7473a67",
        subject: "The to-do tests fail without Redis instead of passing",
        learnt: "A test that returns early where a service is missing is green and proves nothing",
        now: "Missing services fail a test, and say how to install them",
    },
    Lesson {
        change: "ef20111",
        subject: "Reads by key that wait together share a statement",
        learnt: "A small read spends its time in waking threads and processes, not in the \
                 database; faster SQL would not have helped",
        now: "`each_reader_gets_its_own_row_and_those_that_wait_share_statements`",
    },
    Lesson {
        change: "2c4a0f7",
        subject: "What a person on call misses: spans of slow requests, log level, activity, \
                  request ids",
        learnt: "Three at once: gzip makes a response of unknown length, which stopped the \
                 connection's clock for good; each clock is one more descriptor; and a path in a \
                 log line is whatever a client put into it",
        now: "`slow_clients_by_the_hundred_are_cut_off_and_nobody_else_notices`, `make_room`, and \
              the pattern of the route in place of the path",
    },
    Lesson {
        change: "85da45f",
        subject: "The tempting claim of a test cannot deadlock with its rival",
        learnt: "One UPDATE of many rows locks them in whatever order its plan visits them; two \
                 of them deadlock",
        now: "`a_claim_that_reads_first_and_marks_later_takes_jobs_twice` locks row by row",
    },
    Lesson {
        change: "c2dfbff",
        subject: "A partner of a test that closes its connections says so",
        learnt: "Whoever closes a connection after a response without announcing it gets, once in \
                 many runs, the next request on it",
        now: "`connection: close` in the partners of tests",
    },
    Lesson {
        change: "44daf9b",
        subject: "A busy server is asked again by the attacks and honest people of answer 14",
        learnt: "A check that depends on a time-out of half a second judges the machine",
        now: "Busy is no verdict: it is asked again, a bounded number of times",
    },
];

/// The lessons as a Markdown table.
#[must_use]
pub fn table() -> String {
    let mut table = "| change | learnt | now |\n|---|---|---|\n".to_owned();
    for Lesson { change, subject, learnt, now } in LESSONS {
        let _ = writeln!(table, "| `{change}` {subject} | {learnt} | {now} |");
    }
    table
}
