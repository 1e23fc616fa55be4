-- One log-in on one device, for as long as its refresh tokens are renewed (answer 16,
-- crates/answers/16-auth).
--
-- One row for a session, instead of one for each refresh token: what is spent need not be kept, as
-- every token of a session carries the part that `family_hash` knows it by. A family with a token
-- that is neither the present nor the last one was copied.
CREATE TABLE sessions (
    -- bigint, not a random id: it is shown to its owner only, and every query names the owner, too.
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Whose it is. CASCADE: nobody stays logged in to an account that is gone.
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of the part that all tokens of the session share; the tokens themselves are kept
    -- nowhere. The length is checked, as a token stored by mistake would have another.
    family_hash bytea NOT NULL
        CONSTRAINT sessions_family_hash_length CHECK (octet_length(family_hash) = 32),
    -- SHA-256 of the one token that may be used next: a second lineage has no place to be.
    token_hash bytea NOT NULL
        CONSTRAINT sessions_token_hash_length CHECK (octet_length(token_hash) = 32),
    -- SHA-256 of the token before it, which a client whose response got lost sends again; NULL
    -- until the first refresh.
    previous_hash bytea
        CONSTRAINT sessions_previous_hash_length CHECK (octet_length(previous_hash) = 32)
        CONSTRAINT sessions_token_is_new CHECK (previous_hash <> token_hash),
    -- What the client calls itself; the code cuts it off, this keeps a mistake from filling a disk.
    user_agent text CONSTRAINT sessions_user_agent_length CHECK (char_length(user_agent) <= 200),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- When it was logged in or last refreshed.
    last_used_at timestamptz NOT NULL DEFAULT now(),
    -- When it ends if it is not used; moves on with each refresh, never past `ends_at`.
    expires_at timestamptz NOT NULL,
    -- When it ends however much it is used: a copy that nobody noticed ends, too.
    ends_at timestamptz NOT NULL,
    CONSTRAINT sessions_idle_within_absolute CHECK (expires_at <= ends_at),
    -- One lineage for a family; also the index that a refresh finds its session by.
    CONSTRAINT sessions_family_unique UNIQUE (family_hash)
);

-- The owner's list, log-out everywhere, and the cascade, which would otherwise read the table.
CREATE INDEX sessions_user ON sessions (user_id, last_used_at DESC);

-- The hourly job deletes what has expired, and should not read what has not.
CREATE INDEX sessions_expires_at ON sessions (expires_at);
