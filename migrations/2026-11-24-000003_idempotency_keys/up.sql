-- Requests that must not be done twice (foundation, src/idempotency.rs).
CREATE TABLE idempotency_keys (
    -- Method and route, so that two routes may be given the same key.
    scope text NOT NULL,
    -- What the client made up; never more than the header may hold.
    key text NOT NULL CONSTRAINT idempotency_keys_key_length CHECK (octet_length(key) <= 255),
    -- Keyed digest of the request: the same key with another request is refused. Keyed, as an
    -- ordinary digest of a body with a password would be a fast hash of that password.
    fingerprint bytea NOT NULL
        CONSTRAINT idempotency_keys_fingerprint_length CHECK (octet_length(fingerprint) = 32),
    -- Until when the request is taken to be running. A server that died leaves this behind, so it
    -- ends by itself; it also tells an overtaken server that it may not finish any more.
    running_until timestamptz NOT NULL,
    -- The response; NULL while the request runs.
    status smallint,
    location text,
    body text,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, key),
    CONSTRAINT idempotency_keys_response_is_whole CHECK ((status IS NULL) = (body IS NULL))
);

-- Expired keys are deleted by age.
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
