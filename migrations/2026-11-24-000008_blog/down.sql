DROP TABLE blog_usage, comments, post_tags, posts;
DROP FUNCTION blog_first_version, blog_count_posts, blog_count_comments, blog_date_tag, blog_date_tags;
