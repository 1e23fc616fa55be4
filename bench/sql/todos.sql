INSERT INTO todos (user_id, title)
SELECT person, 'to-do number ' || n
FROM generate_series(1, :people) AS person, generate_series(1, :todos) AS n
ORDER BY person, n
