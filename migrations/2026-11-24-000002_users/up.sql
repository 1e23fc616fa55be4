-- People with an account (answer 9, crates/answers/09-create-user).
CREATE TABLE users (
    -- bigint, not a UUID: half the size in every index and reference, and rows arrive in order.
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- As the person wrote it, for letters to them.
    email text NOT NULL CONSTRAINT users_email_length CHECK (octet_length(email) <= 320),
    -- What decides whether two addresses are one account; made by one function in the code. A
    -- column of its own, instead of an index on lower(email), as Unicode and IDNA are not SQL's.
    email_normalized text NOT NULL
        CONSTRAINT users_email_normalized_length CHECK (octet_length(email_normalized) <= 320),
    name text NOT NULL CONSTRAINT users_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    -- bcrypt's own format: 60 characters that name version, cost and salt.
    password_hash text NOT NULL
        CONSTRAINT users_password_hash_format CHECK (password_hash LIKE '$2b$%'),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- The only thing that keeps two racing requests from making two accounts; the name is what the
    -- code maps to the field.
    CONSTRAINT users_email_unique UNIQUE (email_normalized)
);
