WITH written AS (
    INSERT INTO todos (user_id, title) VALUES ($1, $2)
    RETURNING *
)
SELECT written.id, title, completed, sort_order, category_id, categories.name, written.version, created_at
FROM written LEFT JOIN categories
  ON categories.user_id = written.user_id AND categories.id = category_id
