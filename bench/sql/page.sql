SELECT id, logged_at, level, service, message
FROM log_entries
WHERE logged_at >= $1 AND logged_at < $2
ORDER BY logged_at DESC, id DESC
LIMIT $3
