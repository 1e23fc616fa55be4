WITH inserted AS (
    INSERT INTO log_entries (logged_at, level, service, message)
    SELECT * FROM unnest($1, $2, $3, $4)
    RETURNING tableoid
)
SELECT count(*) AS accepted,
       count(*) FILTER (WHERE tableoid = 'log_entries_default'::regclass) AS outside_partitions
FROM inserted
