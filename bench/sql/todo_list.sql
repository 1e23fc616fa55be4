SELECT todos.id, title, completed, sort_order, category_id, categories.name, todos.version, created_at
FROM todos LEFT JOIN categories
  ON categories.user_id = todos.user_id AND categories.id = category_id
WHERE todos.user_id = $1
ORDER BY todos.id
LIMIT $2
