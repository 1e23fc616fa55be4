-- A blog: posts with their tags, and the comments below them (answer 15, crates/answers/15-blog-api).

CREATE TABLE posts (
    -- bigint, not a UUID: half the size in every index and reference, and rows arrive in order.
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- An account that goes takes everything of its own along.
    author_id bigint NOT NULL CONSTRAINT posts_author REFERENCES users ON DELETE CASCADE,
    -- The last part of the address, made from the title once. It never changes: others link to it.
    slug text NOT NULL CONSTRAINT posts_slug_format
        CHECK (octet_length(slug) <= 100 AND slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    -- Characters are what people count, bytes are what pages and caches hold.
    title text NOT NULL CONSTRAINT posts_title_length
        CHECK (char_length(title) BETWEEN 1 AND 200 AND octet_length(title) <= 800),
    body text NOT NULL CONSTRAINT posts_body_length
        CHECK (char_length(body) BETWEEN 1 AND 50000 AND octet_length(body) <= 200000),
    -- NULL while the post is a draft. A time instead of a flag and a time, which could disagree.
    published_at timestamptz,
    -- Kept by a trigger: a page of lists would otherwise count thousands of rows for each post. The
    -- CHECK is the bound on comments, which counting before an insert cannot hold when two insert.
    comments integer NOT NULL DEFAULT 0 CONSTRAINT posts_comments_bounded
        CHECK (comments BETWEEN 0 AND 10000),
    -- What ETag and If-Match compare: the post's number at first, the next of that sequence at each
    -- edit. No value comes twice, as an address does: a post is deleted, and another one takes its
    -- slug. Comments leave it, or authors would get 412 each time that a reader says something.
    version integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Two people may publish the same title at once; the second insert finds the slug taken.
    CONSTRAINT posts_slug_unique UNIQUE (slug)
);

CREATE FUNCTION blog_first_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := NEW.id;
    RETURN NEW;
END
$$;

-- By a trigger, as a column's default cannot name another column.
CREATE TRIGGER posts_first_version BEFORE INSERT ON posts
    FOR EACH ROW EXECUTE FUNCTION blog_first_version();

-- The listing, newest first, and its cursor: the id is the tie-break of posts published together,
-- so each row has a place of its own. Partial, as drafts are in no list.
CREATE INDEX posts_published ON posts (published_at DESC, id DESC) WHERE published_at IS NOT NULL;

-- One author's posts and drafts (those with NULL come first), and the foreign key's look when an
-- account goes, for which it may not be partial.
CREATE INDEX posts_by_author ON posts (author_id, published_at DESC, id DESC);

CREATE TABLE post_tags (
    post_id bigint NOT NULL CONSTRAINT post_tags_post REFERENCES posts ON DELETE CASCADE,
    -- The name itself, instead of a table of tags: a name is all there is to a tag.
    tag text NOT NULL CONSTRAINT post_tags_tag_format
        CHECK (octet_length(tag) <= 30 AND tag ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    -- The post's, copied by triggers: an index cannot hold the filter of one table and the order of
    -- another, and without one that holds both, a page of a tag sorts all its posts.
    published_at timestamptz,
    -- The tags of the posts of a page.
    PRIMARY KEY (post_id, tag)
);

-- The listing of one tag and its cursor.
CREATE INDEX post_tags_listing ON post_tags (tag, published_at DESC, post_id DESC)
    WHERE published_at IS NOT NULL;

CREATE TABLE comments (
    id bigint GENERATED ALWAYS AS IDENTITY,
    post_id bigint NOT NULL CONSTRAINT comments_post REFERENCES posts ON DELETE CASCADE,
    author_id bigint NOT NULL CONSTRAINT comments_author REFERENCES users ON DELETE CASCADE,
    body text NOT NULL CONSTRAINT comments_body_length
        CHECK (char_length(body) BETWEEN 1 AND 2000 AND octet_length(body) <= 8000),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- The post first: serves one comment and the listing below its post, in order of making.
    PRIMARY KEY (post_id, id)
);

-- The foreign key's look when an account goes.
CREATE INDEX comments_by_author ON comments (author_id);

-- How many posts each person has: a row with CHECK, as two inserts at once would count the same.
CREATE TABLE blog_usage (
    user_id bigint PRIMARY KEY CONSTRAINT blog_usage_user REFERENCES users ON DELETE CASCADE,
    posts integer NOT NULL CONSTRAINT blog_usage_posts_bounded CHECK (posts BETWEEN 0 AND 10000)
);

-- A trigger for each statement, so that deleting a thousand rows is one update; in the database, as
-- the foreign keys delete rows that no code ever sees.
CREATE FUNCTION blog_count_posts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO blog_usage AS used (user_id, posts)
        SELECT author_id, count(*) FROM changed GROUP BY author_id
        ON CONFLICT (user_id) DO UPDATE SET posts = used.posts + EXCLUDED.posts;
    ELSE
        UPDATE blog_usage AS used SET posts = used.posts - gone.number
        FROM (SELECT author_id, count(*) AS number FROM changed GROUP BY author_id) AS gone
        WHERE used.user_id = gone.author_id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER posts_counted_in AFTER INSERT ON posts
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION blog_count_posts();
CREATE TRIGGER posts_counted_out AFTER DELETE ON posts
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION blog_count_posts();

CREATE FUNCTION blog_count_comments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE posts SET comments = comments + CASE TG_OP WHEN 'INSERT' THEN number ELSE -number END
    FROM (SELECT post_id, count(*) AS number FROM changed GROUP BY post_id) AS counted
    WHERE posts.id = counted.post_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER comments_counted_in AFTER INSERT ON comments
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION blog_count_comments();
CREATE TRIGGER comments_counted_out AFTER DELETE ON comments
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION blog_count_comments();

-- Two columns that must agree are not left to whoever writes the next statement.
CREATE FUNCTION blog_date_tag() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT published_at INTO NEW.published_at FROM posts WHERE id = NEW.post_id;
    RETURN NEW;
END
$$;

CREATE FUNCTION blog_date_tags() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE post_tags SET published_at = NEW.published_at WHERE post_id = NEW.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER post_tags_dated BEFORE INSERT OR UPDATE ON post_tags
    FOR EACH ROW EXECUTE FUNCTION blog_date_tag();
CREATE TRIGGER posts_dated AFTER UPDATE OF published_at ON posts
    FOR EACH ROW WHEN (OLD.published_at IS DISTINCT FROM NEW.published_at)
    EXECUTE FUNCTION blog_date_tags();
