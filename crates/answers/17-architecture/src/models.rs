//! Orders that show the names of products, stored in four ways: as tables, and as documents.
//!
//! JSONB documents in PostgreSQL stand in for a document store. They are one row and one read, as
//! there, and nothing but the application knows what they refer to; one engine counts for all.

use evidence::RungKind;

/// Products; the first one is renamed, the second one deleted.
pub const PRODUCTS: u64 = 100;
/// Lines of an order, each another product.
pub const LINES: u64 = 5;

/// One way, as SQL. `{orders}` in `create` stands for how many, a multiple of [`PRODUCTS`].
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// Where it stands on the ladder.
    pub kind: RungKind,
    /// Its name.
    pub name: &'static str,
    /// The schema that holds it.
    pub schema: &'static str,
    /// Makes and fills its tables, part by part.
    create: &'static [&'static str],
    /// Places order 0 with the first product, as one transaction does that began before a rename.
    pub place: &'static str,
    /// Gives the first product the name `renamed`, in one transaction.
    pub rename: &'static [&'static str],
    /// Counts orders that show its old name.
    pub old_names: &'static str,
    /// Deletes the second product.
    pub delete: &'static str,
    /// Places an order for a product that never was.
    pub place_unknown: &'static str,
    /// Counts orders that name a product that is not there.
    pub orphans: &'static str,
    /// Reads order 42 with the names of its products: a statement for each round trip.
    pub read: &'static [&'static str],
}

impl Model {
    /// Makes and fills its tables with so many orders.
    #[must_use]
    pub fn tables(&self, orders: u64) -> String {
        self.create.join(";").replace("{orders}", &orders.to_string())
    }
}

/// From wrong to costly.
pub const MODELS: [Model; 4] = [COPIES, REFERENCES, TABLES, TABLES_AND_VIEW];

/// Products as documents, and room for orders.
const DOCUMENTS: &str = "
    CREATE TABLE products (id int PRIMARY KEY, body jsonb NOT NULL);
    INSERT INTO products SELECT id, jsonb_build_object('name', 'product ' || id)
    FROM generate_series(1, 100) id;
    CREATE TABLE orders (id int PRIMARY KEY, body jsonb NOT NULL)";

/// Products, orders and their lines as tables.
const RELATIONS: &str = "
    CREATE TABLE products (id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO products SELECT id, 'product ' || id FROM generate_series(1, 100) id;
    CREATE TABLE orders (id int PRIMARY KEY);
    INSERT INTO orders SELECT generate_series(1, {orders});
    CREATE TABLE lines (
        order_id int REFERENCES orders,
        position int,
        product_id int NOT NULL REFERENCES products,
        PRIMARY KEY (order_id, position)
    );
    INSERT INTO lines SELECT number, line, (number * 7 + line * 13) % 100 + 1
    FROM generate_series(1, {orders}) number, generate_series(1, 5) line;
    CREATE INDEX lines_product ON lines (product_id)";

const RENAME_DOCUMENT: &str = "UPDATE products SET body = '{\"name\": \"renamed\"}' WHERE id = 1";

const DELETE_PRODUCT: &str = "DELETE FROM products WHERE id = 2";

const COPIES: Model = Model {
    kind: RungKind::Wrong,
    name: "documents with copies",
    schema: "copies",
    create: &[
        DOCUMENTS,
        "
        INSERT INTO orders SELECT number, jsonb_build_object('lines', jsonb_agg(jsonb_build_object(
            'product', (number * 7 + line * 13) % 100 + 1,
            'name', 'product ' || ((number * 7 + line * 13) % 100 + 1)) ORDER BY line))
        FROM generate_series(1, {orders}) number, generate_series(1, 5) line GROUP BY number;
        CREATE INDEX orders_body ON orders USING gin (body jsonb_path_ops);
        ANALYZE products, orders;",
    ],
    place: "INSERT INTO orders SELECT 0, jsonb_build_object('lines', jsonb_build_array(
            jsonb_build_object('product', 1, 'name', body->'name'))) FROM products WHERE id = 1",
    rename: &[
        RENAME_DOCUMENT,
        "UPDATE orders SET body = jsonb_build_object('lines', (SELECT jsonb_agg(
            CASE WHEN line->'product' = '1' THEN line || '{\"name\": \"renamed\"}' ELSE line END
            ORDER BY position)
            FROM jsonb_array_elements(body->'lines') WITH ORDINALITY AS lines (line, position)))
        WHERE body @> '{\"lines\": [{\"product\": 1}]}'",
    ],
    old_names: "SELECT count(*) FROM orders WHERE body @> '{\"lines\": [{\"name\": \"product 1\"}]}'",
    delete: DELETE_PRODUCT,
    place_unknown: "INSERT INTO orders VALUES
        (-1, '{\"lines\": [{\"product\": 999, \"name\": \"product 999\"}]}')",
    orphans: "SELECT count(*) FROM orders WHERE EXISTS (SELECT FROM
            jsonb_array_elements(orders.body->'lines') line LEFT JOIN products
            ON products.id = (line->>'product')::int WHERE products.id IS NULL)",
    read: &["SELECT body FROM orders WHERE id = 42"],
};

const REFERENCES: Model = Model {
    kind: RungKind::Tempting,
    name: "documents with ids",
    schema: "ids",
    create: &[
        DOCUMENTS,
        "
        INSERT INTO orders SELECT number, jsonb_build_object('lines',
            jsonb_agg((number * 7 + line * 13) % 100 + 1 ORDER BY line))
        FROM generate_series(1, {orders}) number, generate_series(1, 5) line GROUP BY number;
        ANALYZE products, orders;",
    ],
    place: "INSERT INTO orders VALUES (0, '{\"lines\": [1]}')",
    rename: &[RENAME_DOCUMENT],
    old_names: "SELECT count(*) FROM orders, products
        WHERE products.body->>'name' = 'product 1'
          AND orders.body->'lines' @> to_jsonb(products.id)",
    delete: DELETE_PRODUCT,
    place_unknown: "INSERT INTO orders VALUES (-1, '{\"lines\": [999]}')",
    orphans: "SELECT count(*) FROM orders WHERE EXISTS (SELECT FROM
            jsonb_array_elements(orders.body->'lines') line LEFT JOIN products
            ON products.id = line::int WHERE products.id IS NULL)",
    read: &[
        "SELECT body FROM orders WHERE id = 42",
        "SELECT id, body FROM products WHERE id = ANY ('{8,21,34,60,47}')",
    ],
};

const TABLES: Model = Model {
    kind: RungKind::Right,
    name: "tables",
    schema: "relations",
    create: &[RELATIONS, "ANALYZE products, orders, lines"],
    place: "WITH placed AS (INSERT INTO orders VALUES (0) RETURNING id)
        INSERT INTO lines SELECT id, 1, 1 FROM placed",
    rename: &["UPDATE products SET name = 'renamed' WHERE id = 1"],
    old_names: "SELECT count(*) FROM lines JOIN products ON products.id = product_id
        WHERE name = 'product 1'",
    delete: DELETE_PRODUCT,
    place_unknown: "WITH placed AS (INSERT INTO orders VALUES (-1) RETURNING id)
        INSERT INTO lines SELECT id, 1, 999 FROM placed",
    orphans: "SELECT count(*) FROM lines WHERE NOT EXISTS
        (SELECT FROM products WHERE products.id = product_id)",
    read: &["SELECT position, name FROM orders JOIN lines ON order_id = orders.id
        JOIN products ON products.id = product_id WHERE orders.id = 42 ORDER BY position"],
};

/// Right as well: the tables decide, and a document per order is kept for reading.
const TABLES_AND_VIEW: Model = Model {
    kind: RungKind::Costly,
    name: "tables and a document to read",
    schema: "views",
    create: &[
        RELATIONS,
        "
        CREATE TABLE pages (order_id int PRIMARY KEY REFERENCES orders, body jsonb NOT NULL);
        INSERT INTO pages SELECT order_id, jsonb_agg(name ORDER BY position)
        FROM lines JOIN products ON products.id = product_id GROUP BY order_id;
        ANALYZE products, orders, lines, pages;",
    ],
    // FOR SHARE: the name that was copied must not change before this commits.
    place: "WITH product AS (SELECT id, name FROM products WHERE id = 1 FOR SHARE),
        placed AS (INSERT INTO orders VALUES (0) RETURNING id),
        listed AS (INSERT INTO lines SELECT placed.id, 1, product.id FROM placed, product)
        INSERT INTO pages SELECT placed.id, jsonb_build_array(name) FROM placed, product",
    rename: &[
        "UPDATE products SET name = 'renamed' WHERE id = 1",
        "UPDATE pages SET body = (SELECT jsonb_agg(name ORDER BY position)
            FROM lines JOIN products ON products.id = product_id
            WHERE lines.order_id = pages.order_id)
        WHERE order_id IN (SELECT order_id FROM lines WHERE product_id = 1)",
    ],
    old_names: "SELECT count(*) FROM pages WHERE body ? 'product 1'",
    read: &["SELECT body FROM pages WHERE order_id = 42"],
    ..TABLES
};
