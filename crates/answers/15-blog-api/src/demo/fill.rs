//! Many posts, fast.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use evidence::{Outcome, Stage};

/// Posts written by one statement: progress is seen and a stop is quick.
const CHUNK: u64 = 50_000;

/// Posts that share the time of publication: an import publishes many at once.
pub(super) const TOGETHER: u64 = 7;

/// People who write; each has at most ten thousand posts.
const AUTHORS: u64 = 1_000;

/// The newest posts have three tags, and four comments.
const DISCUSSED: u64 = 1_000;
pub(super) const TAGS: u64 = 3;
pub(super) const COMMENTS: u64 = 4;

/// Indexes and a foreign key, set aside while many rows are written and made again as the catalog has
/// them: a sort at the end is faster than a look at a tree for each row.
const SET_ASIDE: &str = "\
CREATE TEMPORARY TABLE set_aside AS
SELECT format('ALTER TABLE posts DROP CONSTRAINT %I', conname) AS away,
       format('ALTER TABLE posts ADD CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)) AS back
FROM pg_constraint WHERE conname IN ('posts_author', 'posts_slug_unique')
UNION ALL SELECT format('DROP INDEX %I', indexname), indexdef
FROM pg_indexes WHERE indexname IN ('posts_published', 'posts_by_author');
DO $$ DECLARE one text; BEGIN
    FOR one IN SELECT away FROM set_aside LOOP EXECUTE one; END LOOP;
END $$";
const BRING_BACK: &str = "\
DO $$ DECLARE one text; BEGIN
    FOR one IN SELECT back FROM set_aside LOOP EXECUTE one; END LOOP;
END $$";

pub(super) fn fill(stage: &Stage, connection: &mut PgConnection, posts: u64) -> Outcome {
    stage.step("Write the posts");
    stage.note(format!(
        "{AUTHORS} authors. {TOGETHER} posts at a time are published together. Automatic vacuum is \
         off, so that nothing but the statements shown here changes what is counted."
    ));
    connection.batch_execute(&format!(
        "SET TIME ZONE 'UTC'; SET max_parallel_workers_per_gather = 0; SET jit = off;
         SET maintenance_work_mem = '256MB';
         ALTER TABLE posts SET (autovacuum_enabled = off);
         INSERT INTO users (email, email_normalized, name, password_hash)
         SELECT n || '@example.org', n || '@example.org', 'Author ' || n, '$2b$04$' || n
         FROM generate_series(1, {AUTHORS}) AS n"
    ))?;
    connection.batch_execute(SET_ASIDE)?;
    let mut progress = stage.progress("write the posts", posts, "posts");
    for first in (1..=posts).step_by(usize::try_from(CHUNK)?) {
        let last = (first + CHUNK - 1).min(posts);
        connection.batch_execute(&format!(
            "INSERT INTO posts (author_id, slug, title, body, published_at)
             SELECT 1 + n % {AUTHORS}, 'post-' || n, 'Post number ' || n, repeat('Words. ', 10),
                    timestamptz '2020-01-01' + n / {TOGETHER} * interval '1 minute'
             FROM generate_series({first}, {last}) AS n"
        ))?;
        progress.advance(last - first + 1)?;
    }
    connection.batch_execute(BRING_BACK)?;
    stage.go_on()?;
    connection.batch_execute(&format!(
        "INSERT INTO post_tags (post_id, tag)
         SELECT id, tag FROM posts, unnest(ARRAY['api', 'http', 'sql']) AS tag
         WHERE id > (SELECT max(id) - {DISCUSSED} FROM posts);
         INSERT INTO comments (post_id, author_id, body)
         SELECT posts.id, 1 + (posts.id + n) % {AUTHORS}, 'Well said.'
         FROM posts, generate_series(1, {COMMENTS}) AS n
         WHERE posts.id > (SELECT max(id) - {DISCUSSED} FROM posts)"
    ))?;
    stage.go_on()?;
    for table in ["posts", "post_tags", "comments", "users"] {
        connection.batch_execute(&format!("VACUUM ANALYZE {table}"))?;
    }
    stage.go_on()?;
    Ok(())
}
