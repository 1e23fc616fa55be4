-- A shop: what it sells, how much there is, who ordered it and who paid (answer 11,
-- crates/answers/11-shop-api).
--
-- Of each sku, at all times: what was put on sale = available + reserved + sold.

CREATE TABLE shop_products (
    -- The merchant's own name for it, as it stands in addresses and orders.
    sku text PRIMARY KEY CONSTRAINT shop_products_sku_plain
        CHECK (octet_length(sku) <= 64 AND sku ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    -- Cents, as binary fractions cannot hold 0.10. Outside of the document: money is computed with.
    price_cents bigint NOT NULL CONSTRAINT shop_products_price_bounded
        CHECK (price_cents BETWEEN 0 AND 100000000),
    -- What is shown and never computed with: each kind of product has fields of its own, which as
    -- columns would be a table full of NULL.
    document jsonb NOT NULL CONSTRAINT shop_products_document_bounded
        CHECK (jsonb_typeof(document) = 'object' AND pg_column_size(document) <= 65536),
    -- Counts the changes: a copy with a lower number is old.
    version integer NOT NULL DEFAULT 1
);

-- Products of one category, for what else might please. An expression, as the document holds it;
-- products without a category are in no list.
CREATE INDEX shop_products_category ON shop_products ((document ->> 'category'), sku)
    WHERE document ->> 'category' IS NOT NULL;

-- Apart from the product: a row of three numbers that is written with every order, so that its many
-- versions do not copy a document.
CREATE TABLE shop_stock (
    sku text PRIMARY KEY CONSTRAINT shop_stock_product REFERENCES shop_products ON DELETE CASCADE,
    -- The last line of defence: whatever the code does, what is not there cannot be sold.
    available bigint NOT NULL CONSTRAINT shop_stock_available_not_negative CHECK (available >= 0),
    -- In orders that are not paid yet.
    reserved bigint NOT NULL DEFAULT 0
        CONSTRAINT shop_stock_reserved_not_negative CHECK (reserved >= 0),
    sold bigint NOT NULL DEFAULT 0 CONSTRAINT shop_stock_sold_not_negative CHECK (sold >= 0)
)
-- No index but the key and room on the page: an update stays on it and touches no index (HOT). Dead
-- versions of a hot row are swept early, as each reader of it steps over them.
WITH (
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000
);

CREATE TABLE shop_carts (
    user_id bigint NOT NULL CONSTRAINT shop_carts_user REFERENCES users ON DELETE CASCADE,
    -- What is withdrawn goes from carts, where it could not be bought.
    sku text NOT NULL CONSTRAINT shop_carts_product REFERENCES shop_products ON DELETE CASCADE,
    quantity integer NOT NULL CONSTRAINT shop_carts_quantity_bounded
        CHECK (quantity BETWEEN 1 AND 1000),
    -- The owner first: there is no way to a line but through its owner.
    PRIMARY KEY (user_id, sku)
);

-- The foreign key's own look when a product goes.
CREATE INDEX shop_carts_sku ON shop_carts (sku);

CREATE TABLE shop_orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The person goes, the books stay. CASCADE would delete what was sold, and its stock with it.
    user_id bigint CONSTRAINT shop_orders_user REFERENCES users ON DELETE SET NULL,
    -- Each status but the first is final, and only the first may be left: that is what gives stock
    -- back once, however often and by whom an order is ended.
    status text NOT NULL DEFAULT 'reserved' CONSTRAINT shop_orders_status_known
        CHECK (status IN ('reserved', 'paid', 'declined', 'cancelled', 'expired')),
    -- Stored, not summed from the lines each time: it is what the customer agreed to.
    total_cents bigint NOT NULL CONSTRAINT shop_orders_total_bounded
        CHECK (total_cents BETWEEN 0 AND 5000000000000),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    -- Since when the provider is asked what became of the charge of an order whose time is over: its
    -- callbacks may all be lost, and whoever paid is not told that the order has expired.
    asked_at timestamptz,
    settled_at timestamptz,
    CONSTRAINT shop_orders_settled_or_reserved CHECK ((status = 'reserved') = (settled_at IS NULL))
);

-- One person's orders, newest first.
CREATE INDEX shop_orders_by_user ON shop_orders (user_id, id DESC);

-- What one person has reserved: it is summed with each order of theirs, however many are paid.
CREATE INDEX shop_orders_reserved ON shop_orders (user_id) WHERE status = 'reserved';

-- What has expired, oldest first. Partial: it is as small as what is being paid for right now.
CREATE INDEX shop_orders_expiring ON shop_orders (expires_at)
    WHERE status = 'reserved' AND asked_at IS NULL;

-- What the provider was asked about and did not tell.
CREATE INDEX shop_orders_asked ON shop_orders (asked_at)
    WHERE status = 'reserved' AND asked_at IS NOT NULL;

CREATE TABLE shop_order_lines (
    order_id bigint NOT NULL CONSTRAINT shop_order_lines_order REFERENCES shop_orders ON DELETE CASCADE,
    -- No foreign key: a line stays when its product goes, and in a sale each order would lock the
    -- one row of the hot product, if only against deletion.
    sku text NOT NULL,
    quantity integer NOT NULL CONSTRAINT shop_order_lines_quantity_bounded
        CHECK (quantity BETWEEN 1 AND 1000),
    -- At the time of the order.
    price_cents bigint NOT NULL CONSTRAINT shop_order_lines_price_bounded
        CHECK (price_cents BETWEEN 0 AND 100000000),
    PRIMARY KEY (order_id, sku)
);

CREATE TABLE shop_payments (
    -- One charge for each order: the order's number is also what the provider tells repeats by.
    order_id bigint PRIMARY KEY CONSTRAINT shop_payments_order REFERENCES shop_orders ON DELETE CASCADE,
    -- The provider's own name for the charge. Unique: one charge cannot pay for two orders.
    reference text NOT NULL CONSTRAINT shop_payments_reference_unique UNIQUE
        CONSTRAINT shop_payments_reference_length CHECK (octet_length(reference) BETWEEN 1 AND 100),
    amount_cents bigint NOT NULL CONSTRAINT shop_payments_amount_bounded
        CHECK (amount_cents BETWEEN 0 AND 5000000000000),
    -- refund_due: money came for an order that had ended by then.
    status text NOT NULL DEFAULT 'pending' CONSTRAINT shop_payments_status_known
        CHECK (status IN ('pending', 'succeeded', 'declined', 'refund_due', 'refunded')),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE shop_payment_events (
    -- The sender's own name for what happened: whoever is second waits for the first to commit, and
    -- then finds the row.
    event_id text PRIMARY KEY CONSTRAINT shop_payment_events_id_length
        CHECK (octet_length(event_id) BETWEEN 1 AND 100),
    order_id bigint NOT NULL CONSTRAINT shop_payment_events_order
        REFERENCES shop_orders ON DELETE CASCADE,
    outcome text NOT NULL CONSTRAINT shop_payment_events_outcome_known
        CHECK (outcome IN ('succeeded', 'declined')),
    received_at timestamptz NOT NULL DEFAULT now()
);

-- What was told about one order, and the foreign key's own look.
CREATE INDEX shop_payment_events_order ON shop_payment_events (order_id);

-- What can be turned off under load. Rows instead of settings: they change while servers run, for
-- all of them, and whoever asks why the page looks so finds when.
CREATE TABLE shop_switches (
    name text PRIMARY KEY CONSTRAINT shop_switches_name_known
        CHECK (name IN ('recommendations', 'live-stock', 'checkout')),
    "on" boolean NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO shop_switches (name, "on")
VALUES ('recommendations', true), ('live-stock', true), ('checkout', true);
