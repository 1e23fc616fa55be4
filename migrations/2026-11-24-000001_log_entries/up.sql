-- Log lines, one partition per month (answer 4, crates/answers/04-log-partitions).
--
-- RANGE by time, not LIST or HASH: nearly every question names a time range, and retention drops a
-- whole month at once. The maintenance job makes and drops the months; this file makes none, so
-- that the schema does not age.
CREATE TABLE log_entries (
    -- GENERATED ALWAYS: a client that could choose ids could make the keyset order lie.
    id bigint GENERATED ALWAYS AS IDENTITY,
    -- When it happened, as the service says; the partition key, so it can never be NULL.
    logged_at timestamptz NOT NULL,
    -- smallint, not an enum type: 2 bytes, ordered, and a new level needs no ALTER TYPE.
    level smallint NOT NULL CONSTRAINT log_entries_level_known CHECK (level BETWEEN 1 AND 5),
    service text NOT NULL
        CONSTRAINT log_entries_service_length CHECK (char_length(service) BETWEEN 1 AND 64),
    message text NOT NULL
        CONSTRAINT log_entries_message_length CHECK (octet_length(message) BETWEEN 1 AND 8192),
    -- PostgreSQL wants the partition key in every unique constraint: uniqueness is checked inside
    -- one partition only. Time first, so that the same index serves the newest-first listing.
    PRIMARY KEY (logged_at, id)
) PARTITION BY RANGE (logged_at);

-- The listing filtered by service; without it one rare service means reading the whole month.
CREATE INDEX log_entries_service ON log_entries (service, logged_at DESC, id DESC);

-- Errors are rare and asked for often: a partial index stays small and is cheap to maintain.
CREATE INDEX log_entries_errors ON log_entries (logged_at DESC, id DESC) WHERE level >= 4;

-- Rows outside every month land here and raise a metric, instead of failing the batch: a log line
-- that was refused is gone, and a clock that is wrong is exactly what one wants to see.
CREATE TABLE log_entries_default PARTITION OF log_entries DEFAULT;
