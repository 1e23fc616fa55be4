-- Keys that servers make for themselves when none is configured (answer 16). Shared by replicas and
-- kept over restarts; whoever configures a key of their own leaves this table empty.
CREATE TABLE server_secrets (
    name text PRIMARY KEY,
    value bytea NOT NULL CONSTRAINT server_secrets_value_length CHECK (octet_length(value) >= 32),
    created_at timestamptz NOT NULL DEFAULT now()
);
