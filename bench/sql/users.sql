INSERT INTO users (email, email_normalized, name, password_hash)
SELECT 'user' || n || '@example.com', 'user' || n || '@example.com', 'User Number ' || n,
       '$2b$04$' || repeat('x', 53)
FROM generate_series(1, :users) AS n
