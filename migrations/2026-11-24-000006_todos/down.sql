DROP TABLE todo_usage, todos, categories;
DROP FUNCTION todo_usage_count;
