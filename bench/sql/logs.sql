INSERT INTO log_entries (logged_at, level, service, message)
SELECT start + (start + interval '1 month' - start) * (n / :logs.0),
       CASE WHEN n % 100 = 0 THEN 4 WHEN n % 10 = 0 THEN 3 ELSE 2 END,
       (ARRAY['checkout', 'search', 'billing', 'login'])[1 + n % 4],
       'order ' || n || ' was handled in ' || n % 977 || ' ms'
FROM date_trunc('month', now()) AS start, generate_series(0, :logs - 1) AS n
