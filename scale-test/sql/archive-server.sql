-- On the archive server, once for each month: the table that holds it there, with the same checks
-- and indexes. `month` is its name, `from` and `to` are its bounds. Harmless to run again.
\set by_service :month _service
\set errors :month _errors

CREATE TABLE IF NOT EXISTS :"month" (
    id bigint NOT NULL,
    logged_at timestamptz NOT NULL,
    level smallint NOT NULL CHECK (level BETWEEN 1 AND 5),
    service text NOT NULL CHECK (char_length(service) BETWEEN 1 AND 64),
    message text NOT NULL CHECK (octet_length(message) BETWEEN 1 AND 8192),
    PRIMARY KEY (logged_at, id),
    -- The main server believes the bounds of a foreign partition; nobody else would check them.
    CHECK (logged_at >= :'from' AND logged_at < :'to')
);
CREATE INDEX IF NOT EXISTS :"by_service" ON :"month" (service, logged_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS :"errors" ON :"month" (logged_at DESC, id DESC) WHERE level >= 4;
