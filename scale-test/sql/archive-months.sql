-- Once: lets partitions of log_entries live on another server. Run by psql on the main server, by a
-- superuser; `archive_host`, `archive_port` and `archive_password` are psql variables.
--
-- PostgreSQL takes a foreign table as a partition only where the parent has no unique index, as it
-- could not keep one on another server. The primary key holds the partition key, so it was never
-- checked beyond one month: an index for each month keeps the very same promise.

CREATE EXTENSION IF NOT EXISTS postgres_fdw;

-- fetch_size: the longest page is 201 rows. batch_size: a month copied row by row would be a round
-- trip for each. No use_remote_estimate: a plan for every month would then ask the archive, and
-- fail while it is down, although no row of it is wanted.
CREATE SERVER IF NOT EXISTS log_archive FOREIGN DATA WRAPPER postgres_fdw OPTIONS (
    host :'archive_host', port :'archive_port', dbname 'postgres',
    fetch_size '250', batch_size '1000', connect_timeout '2'
);
CREATE USER MAPPING IF NOT EXISTS FOR CURRENT_USER SERVER log_archive
    OPTIONS (user 'postgres', password :'archive_password');

BEGIN;
SET LOCAL lock_timeout = '2s';
-- A new file for each index: on months that hold much, make both on each month with CREATE INDEX
-- CONCURRENTLY before, so that this transaction only attaches the plain ones and is short.
ALTER TABLE log_entries DROP CONSTRAINT log_entries_pkey;
CREATE INDEX log_entries_listing ON log_entries (logged_at, id);
-- Months that the daily job makes later have the plain index alone until this is run for them.
SELECT format('CREATE UNIQUE INDEX ON %s (logged_at, id)', inhrelid::regclass)
FROM pg_inherits WHERE inhparent = 'log_entries'::regclass
\gexec
COMMIT;
