-- Work to be done after the transaction that asked for it (crates/background-jobs).
--
-- A row is there for as long as there is work: a job that is done is deleted, so the table stays as
-- small as the backlog, and what happened is told by metrics and log lines.
CREATE TABLE background_jobs (
    -- bigint, not a UUID: jobs of one order key run in the order of their ids.
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Which handler does it. Text, not an enum type: a kind that this build does not know waits.
    kind text NOT NULL CONSTRAINT background_jobs_kind_length
        CHECK (octet_length(kind) BETWEEN 1 AND 64),
    -- The code allows 64 KiB of text; this keeps a mistake from filling a disk. pg_column_size, as
    -- a CHECK is made again at every update and this one does not unpack the value for it.
    payload jsonb NOT NULL CONSTRAINT background_jobs_payload_size
        CHECK (pg_column_size(payload) <= 524288),
    -- What makes two jobs of one kind the same work; NULL where each is work of its own.
    unique_key text CONSTRAINT background_jobs_unique_key_length
        CHECK (octet_length(unique_key) BETWEEN 1 AND 200),
    -- The entity whose jobs run one after the other; NULL where order does not matter.
    order_key text CONSTRAINT background_jobs_order_key_length
        CHECK (octet_length(order_key) BETWEEN 1 AND 200),
    -- The job before this one of the same order key; NULL once that is done or dead. SET NULL: the
    -- row that is done is deleted, which lets the next one go in the same statement.
    waits_for bigint CONSTRAINT background_jobs_waits_for
        REFERENCES background_jobs ON DELETE SET NULL,
    -- When it may be claimed: when it is due, after a failure when it is tried again, and while it
    -- runs when its lease ends. One column for all three: a lease that ends needs nobody to notice.
    run_at timestamptz NOT NULL DEFAULT now(),
    -- Whether a worker has it; tells a lease from a wait, for people only.
    running boolean NOT NULL DEFAULT false,
    -- How often it was claimed: the fencing token. Whoever writes with an older one lost the job.
    lease bigint NOT NULL DEFAULT 0,
    -- Attempts that count against the limit of its kind; a job that was given back did not try.
    attempts integer NOT NULL DEFAULT 0 CONSTRAINT background_jobs_attempts_positive
        CHECK (attempts >= 0),
    -- Why the last attempt failed, in words that hold nothing of the payload.
    last_error text CONSTRAINT background_jobs_last_error_length
        CHECK (octet_length(last_error) <= 2000),
    enqueued_at timestamptz NOT NULL DEFAULT now(),
    -- When it was given up; a dead letter is kept until somebody replays it or it is too old.
    died_at timestamptz,
    CONSTRAINT background_jobs_dead_do_not_run CHECK (died_at IS NULL OR NOT running)
)
-- Every job is updated once or twice and then deleted: room on the page keeps versions together, and
-- the usual threshold, a fifth of the table, would let dead versions outnumber a small backlog.
WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 20000
);

-- The claim: oldest first within one kind. Partial, so that neither dead letters nor jobs that wait
-- for another stand in its way.
CREATE INDEX background_jobs_claim ON background_jobs (kind, run_at, id)
    WHERE died_at IS NULL AND waits_for IS NULL;

-- The same work is enqueued once while it waits or runs. Not while it is dead, or one failure would
-- end a recurring job for good.
CREATE UNIQUE INDEX background_jobs_unique ON background_jobs (kind, unique_key)
    WHERE unique_key IS NOT NULL AND died_at IS NULL;

-- Finds the last job of an order key, which the next one has to wait for.
CREATE INDEX background_jobs_order ON background_jobs (kind, order_key, id)
    WHERE order_key IS NOT NULL AND died_at IS NULL;

-- The foreign key's own look when a job is done.
CREATE INDEX background_jobs_waits_for ON background_jobs (waits_for) WHERE waits_for IS NOT NULL;

-- The list of dead letters, newest first, and their retention.
CREATE INDEX background_jobs_dead ON background_jobs (died_at, id) WHERE died_at IS NOT NULL;
