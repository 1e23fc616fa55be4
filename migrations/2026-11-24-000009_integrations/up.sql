-- A catalogue that came out of an old CMS, its old addresses, and the events that partners are sent
-- and send (answer 13, crates/answers/13-integrations).

CREATE TABLE catalogue_pages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Who imported it: nobody else's import or price change touches the row.
    user_id bigint NOT NULL CONSTRAINT catalogue_pages_user REFERENCES users ON DELETE CASCADE,
    -- The export's own number: what makes a second import find the rows of the first.
    legacy_id bigint NOT NULL CONSTRAINT catalogue_pages_legacy_id_positive CHECK (legacy_id > 0),
    -- One address, one page, whoever imported it. Dots are not in it, so `sitemap.xml` is no slug.
    slug text NOT NULL CONSTRAINT catalogue_pages_slug_unique UNIQUE
        CONSTRAINT catalogue_pages_slug_plain
        CHECK (octet_length(slug) <= 80 AND slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    title text NOT NULL CONSTRAINT catalogue_pages_title_length
        CHECK (char_length(title) BETWEEN 1 AND 200 AND octet_length(title) <= 800),
    category text NOT NULL CONSTRAINT catalogue_pages_category_length
        CHECK (octet_length(category) BETWEEN 1 AND 80),
    -- Cents, as binary fractions cannot hold 0.10.
    price_cents integer NOT NULL CONSTRAINT catalogue_pages_price_bounded
        CHECK (price_cents BETWEEN 0 AND 100000000),
    -- Counted by deltas of a partner, which makes an event that is applied twice show. Below zero
    -- while what went is told before what came; the bound is far from where integers end.
    stock integer NOT NULL DEFAULT 0 CONSTRAINT catalogue_pages_stock_bounded
        CHECK (stock BETWEEN -1000000 AND 1000000),
    published_on date NOT NULL,
    live boolean NOT NULL,
    body text NOT NULL CONSTRAINT catalogue_pages_body_length CHECK (octet_length(body) <= 20000),
    -- Of the row as visitors see it: what a sitemap tells crawlers.
    changed_at timestamptz NOT NULL DEFAULT now(),
    -- Stored, so that a search parses its own few words and not those of every page.
    words tsvector NOT NULL GENERATED ALWAYS AS
        (to_tsvector('english'::regconfig, title || ' ' || body)) STORED,
    -- The arbiter of an import's upsert, and the foreign key's own look when an account goes.
    CONSTRAINT catalogue_pages_legacy_id_unique UNIQUE (user_id, legacy_id)
);

-- A filtered page in its order: category by equality first, then the key that paging goes on from.
CREATE INDEX catalogue_pages_category ON catalogue_pages (category, price_cents, id) WHERE live;

-- The same without a category.
CREATE INDEX catalogue_pages_price ON catalogue_pages (price_cents, id) WHERE live;

-- Words, whatever else is asked. Without the list of pending entries: each search would read what
-- an import left there until the next vacuum.
CREATE INDEX catalogue_pages_words ON catalogue_pages USING gin (words)
    WITH (fastupdate = off) WHERE live;

-- Every address of the old site. It leads to a row, not to another address: a chain, a loop or a
-- foreign host cannot be stored.
CREATE TABLE legacy_addresses (
    address text PRIMARY KEY CONSTRAINT legacy_addresses_old_site
        CHECK (octet_length(address) <= 500 AND starts_with(address, '/cms/')),
    page_id bigint NOT NULL CONSTRAINT legacy_addresses_page_exists
        REFERENCES catalogue_pages ON DELETE CASCADE
);

-- The foreign key's own look when a page goes.
CREATE INDEX legacy_addresses_page ON legacy_addresses (page_id);

CREATE TABLE catalogue_imports (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL CONSTRAINT catalogue_imports_user REFERENCES users ON DELETE CASCADE,
    -- The export until it is imported; then it has no use and takes no room.
    csv bytea CONSTRAINT catalogue_imports_csv_bounded CHECK (octet_length(csv) <= 8388608),
    -- What became of it, once it is known.
    report jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT catalogue_imports_waiting_or_done CHECK ((csv IS NULL) <> (report IS NULL))
);

-- One import at a time for each person: a bound on what waits, and no order to get wrong.
CREATE UNIQUE INDEX catalogue_imports_one_waiting ON catalogue_imports (user_id)
    WHERE report IS NULL;

-- The foreign key's own look, and reports by age for the job that deletes them.
CREATE INDEX catalogue_imports_user ON catalogue_imports (user_id);
CREATE INDEX catalogue_imports_age ON catalogue_imports (created_at);

CREATE TABLE webhook_partners (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL CONSTRAINT webhook_partners_user REFERENCES users ON DELETE CASCADE,
    -- Bounds the partners of a person without counting: two who take the same slot conflict.
    slot smallint NOT NULL CONSTRAINT webhook_partners_slot_bounded CHECK (slot BETWEEN 1 AND 10),
    name text NOT NULL CONSTRAINT webhook_partners_name_length
        CHECK (char_length(name) BETWEEN 1 AND 100 AND octet_length(name) <= 400),
    url text NOT NULL CONSTRAINT webhook_partners_url_length CHECK (octet_length(url) <= 500),
    -- One for each direction: with a shared one, what was sent to a partner could be sent back as
    -- if it came from there. Not hashed, as signing takes the key itself.
    outgoing_secret bytea NOT NULL CONSTRAINT webhook_partners_outgoing_length
        CHECK (octet_length(outgoing_secret) BETWEEN 24 AND 64),
    incoming_secret bytea NOT NULL CONSTRAINT webhook_partners_incoming_length
        CHECK (octet_length(incoming_secret) BETWEEN 24 AND 64),
    CONSTRAINT webhook_partners_slot_unique UNIQUE (user_id, slot)
);

-- What happened, for each partner who is to hear of it. Written in the transaction that makes it
-- happen; the only truth about what was delivered, whatever Redis holds.
CREATE TABLE outbox_events (
    -- In order of commit for one entity, as `record` locks the entity before it draws the number.
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partner_id bigint NOT NULL CONSTRAINT outbox_events_partner
        REFERENCES webhook_partners ON DELETE CASCADE,
    -- The same at every attempt: what the receiver tells repeats by.
    event_id text NOT NULL CONSTRAINT outbox_events_id_length
        CHECK (octet_length(event_id) BETWEEN 1 AND 100),
    -- What the event is about; events about one entity keep their order. No foreign key: what was
    -- deleted has events, too.
    entity bigint NOT NULL,
    kind text NOT NULL,
    -- Text and not jsonb, which would give back other bytes than those that are signed.
    body text NOT NULL CONSTRAINT outbox_events_body_length CHECK (octet_length(body) <= 65536),
    state text NOT NULL DEFAULT 'pending' CONSTRAINT outbox_events_state_known
        CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts integer NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT now(),
    -- Until then a worker is sending it; after that the worker is taken for dead.
    leased_until timestamptz,
    published_at timestamptz,
    settled_at timestamptz,
    failure text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT outbox_events_id_once UNIQUE (partner_id, event_id)
);

-- The next event of an entity: the head of its queue. Small, as it holds what is pending alone.
CREATE INDEX outbox_events_head ON outbox_events (partner_id, entity, position)
    WHERE state = 'pending';

-- What the relay has not told the stream of.
CREATE INDEX outbox_events_unpublished ON outbox_events (position)
    WHERE state = 'pending' AND published_at IS NULL;

-- What is due without the stream: retries, and everything while Redis is away.
CREATE INDEX outbox_events_due ON outbox_events (due_at) WHERE state = 'pending';

-- Dead letters, in pages.
CREATE INDEX outbox_events_dead ON outbox_events (partner_id, position) WHERE state = 'dead';

-- For the job that deletes what was delivered long ago.
CREATE INDEX outbox_events_settled ON outbox_events (settled_at) WHERE state = 'delivered';

-- Events of partners that were applied. The row and the effect are one transaction.
CREATE TABLE inbox_events (
    partner_id bigint NOT NULL CONSTRAINT inbox_events_partner
        REFERENCES webhook_partners ON DELETE CASCADE,
    event_id text NOT NULL CONSTRAINT inbox_events_id_length
        CHECK (octet_length(event_id) BETWEEN 1 AND 100),
    received_at timestamptz NOT NULL DEFAULT now(),
    -- Whoever is second waits for the first to commit, and then finds the row.
    PRIMARY KEY (partner_id, event_id)
);

-- For the job that deletes what is older than any partner's retries.
CREATE INDEX inbox_events_age ON inbox_events (received_at);
