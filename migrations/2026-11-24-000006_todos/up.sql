-- To-dos, and the categories that people sort them into (answer 3, crates/answers/03-todo-api).

CREATE TABLE categories (
    -- An account that goes takes everything of its own along.
    user_id bigint NOT NULL CONSTRAINT categories_user REFERENCES users ON DELETE CASCADE,
    id bigint GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL CONSTRAINT categories_name_length
        CHECK (char_length(name) BETWEEN 1 AND 50 AND octet_length(name) <= 200),
    -- Counts the changes; what ETag and If-Match compare. Not a time: two changes can share one.
    version integer NOT NULL DEFAULT 1,
    -- The owner first: there is no index by which a row could be found without naming its owner.
    PRIMARY KEY (user_id, id),
    -- One name once for each person, and as often as there are people.
    CONSTRAINT categories_name_unique UNIQUE (user_id, name)
);

CREATE TABLE todos (
    user_id bigint NOT NULL CONSTRAINT todos_user REFERENCES users ON DELETE CASCADE,
    id bigint GENERATED ALWAYS AS IDENTITY,
    -- Characters are what people count, bytes are what pages and caches hold.
    title text NOT NULL CONSTRAINT todos_title_length
        CHECK (char_length(title) BETWEEN 1 AND 500 AND octet_length(title) <= 2000),
    completed boolean NOT NULL DEFAULT false,
    -- The client's own order; nothing here sorts by it, as paging needs a key that stays.
    sort_order integer CONSTRAINT todos_sort_order_bounded
        CHECK (sort_order BETWEEN -1000000000 AND 1000000000),
    category_id bigint,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Serves one to-do by id and the listing in order of id, each within its owner's rows.
    PRIMARY KEY (user_id, id),
    -- Two columns: with category_id alone, a to-do could be put into somebody else's category.
    -- NO ACTION: the code takes to-dos out of a category before it goes. CASCADE would delete work
    -- because a label went; SET NULL would leave their versions as they were, and would have to name
    -- its column, which needs PostgreSQL 15.
    CONSTRAINT todos_category_owned
        FOREIGN KEY (user_id, category_id) REFERENCES categories (user_id, id)
);

-- What is left to do, the everyday question. It stays small while completed to-dos pile up.
CREATE INDEX todos_open ON todos (user_id, id) WHERE NOT completed;

-- The listing of one category, and the foreign key's own look when a category goes.
CREATE INDEX todos_category ON todos (user_id, category_id, id) WHERE category_id IS NOT NULL;

-- How many rows each person has. A row of its own with CHECK, instead of counting before each
-- insert: two inserts at once would count the same, and counting costs more the more there is.
CREATE TABLE todo_usage (
    user_id bigint PRIMARY KEY CONSTRAINT todo_usage_user REFERENCES users ON DELETE CASCADE,
    todos integer NOT NULL DEFAULT 0 CONSTRAINT todo_usage_todos_bounded
        CHECK (todos BETWEEN 0 AND 10000),
    categories integer NOT NULL DEFAULT 0 CONSTRAINT todo_usage_categories_bounded
        CHECK (categories BETWEEN 0 AND 100)
);

-- A trigger for each statement, not each row, so that deleting a thousand to-dos is one update.
-- In the database instead of the code, as the foreign keys delete rows that no code ever sees.
CREATE FUNCTION todo_usage_count() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_todos integer := (TG_TABLE_NAME = 'todos')::integer;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO todo_usage AS used (user_id, todos, categories)
        SELECT user_id, count(*) * of_todos, count(*) * (1 - of_todos)
        FROM changed GROUP BY user_id
        ON CONFLICT (user_id) DO UPDATE
            SET todos = used.todos + EXCLUDED.todos,
                categories = used.categories + EXCLUDED.categories;
    ELSE
        UPDATE todo_usage AS used
        SET todos = used.todos - gone.number * of_todos,
            categories = used.categories - gone.number * (1 - of_todos)
        FROM (SELECT user_id, count(*) AS number FROM changed GROUP BY user_id) AS gone
        WHERE used.user_id = gone.user_id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER todos_counted_in AFTER INSERT ON todos
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION todo_usage_count();
CREATE TRIGGER todos_counted_out AFTER DELETE ON todos
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION todo_usage_count();
CREATE TRIGGER categories_counted_in AFTER INSERT ON categories
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION todo_usage_count();
CREATE TRIGGER categories_counted_out AFTER DELETE ON categories
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION todo_usage_count();
