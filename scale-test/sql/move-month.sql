-- On the main server: copies a month to the archive and puts the copy in its place. `month` is the
-- partition, such as log_entries_2026_01, `from` and `to` are its bounds. Wherever it breaks off, the
-- month is here and whole, or there and whole: run it again.
--
-- The foreign table gets a name of its own: the daily job drops what has the name and the bounds of
-- a month, and leaves to whoever made it what has not.
\set archived :month _archived
SET client_min_messages = warning;

-- No transaction spans both servers. So the copy is committed there before anything changes here.
BEGIN;
SET LOCAL lock_timeout = '2s';
-- Fails where the month has moved already. Readers go on; rows that come late for it wait.
LOCK TABLE :"month" IN SHARE MODE;
DROP FOREIGN TABLE IF EXISTS :"archived";
CREATE FOREIGN TABLE :"archived" (
    id bigint NOT NULL,
    logged_at timestamptz NOT NULL,
    -- The checks of log_entries, without which it would not be taken as a partition. Here they are
    -- believed; the archive is who keeps them.
    level smallint NOT NULL CONSTRAINT log_entries_level_known CHECK (level BETWEEN 1 AND 5),
    service text NOT NULL
        CONSTRAINT log_entries_service_length CHECK (char_length(service) BETWEEN 1 AND 64),
    message text NOT NULL
        CONSTRAINT log_entries_message_length CHECK (octet_length(message) BETWEEN 1 AND 8192)
) SERVER log_archive OPTIONS (table_name :'month');
-- What an attempt that broke off has left there.
DELETE FROM :"archived";
INSERT INTO :"archived" (id, logged_at, level, service, message)
SELECT id, logged_at, level, service, message FROM :"month";
COMMIT;

-- Autovacuum leaves foreign tables alone.
ANALYZE :"archived";

BEGIN;
SET LOCAL lock_timeout = '2s';
LOCK TABLE log_entries IN ACCESS EXCLUSIVE MODE;
-- A row may have come between the two transactions.
SELECT (SELECT count(*) FROM :"month") = (SELECT count(*) FROM :"archived") AS complete \gset
\if :complete
    ALTER TABLE log_entries DETACH PARTITION :"month";
    ALTER TABLE log_entries ATTACH PARTITION :"archived" FOR VALUES FROM (:'from') TO (:'to');
    -- In earnest a person does this a week later: until then the way back is to attach it again.
    DROP TABLE :"month";
    COMMIT;
\else
    ROLLBACK;
    DO $$ BEGIN RAISE EXCEPTION 'rows came for this month meanwhile: run this again'; END $$;
\endif
