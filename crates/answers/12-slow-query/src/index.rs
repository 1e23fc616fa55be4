//! The indexes that are tried, each as it would be created.

/// An index on the orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// Its columns and everything behind them.
    pub on: &'static str,
}

/// Equality first, the range and order last: the rows wanted lie next to each other, in order. Each
/// is still fetched from the table.
pub const COMPOSITE: Index =
    Index { name: "orders_open_plain", on: "(seller_id, status, created_at)" };

/// The same with everything that is selected, so the table is not visited at all. `INCLUDE`, not
/// more key columns: what is not searched by need not be kept in order.
pub const COVERING: Index =
    Index { name: "orders_open", on: "(seller_id, status, created_at) INCLUDE (id, total_cents)" };

/// Only the open orders: a tenth of the size, and no use to any question about other orders.
pub const PARTIAL: Index = Index {
    name: "orders_open_partial",
    on: "(seller_id, created_at) INCLUDE (id, total_cents) WHERE status = 'open'",
};

/// For the query that turns the column into text, if that query cannot be changed; it serves nothing
/// else. The column stands in it, too: the planner takes an expression for covered only where
/// everything that the expression is made of is covered (PostgreSQL 15, section 11.9).
pub const EXPRESSION: Index = Index {
    name: "orders_open_text",
    on: "((seller_id::text), status, created_at) INCLUDE (seller_id, id, total_cents)",
};

impl Index {
    /// The statement that makes it on a table that has the columns of the orders. In service that
    /// is `CREATE INDEX CONCURRENTLY`: slower, but writes go on meanwhile.
    #[must_use]
    pub fn create(&self, table: &str) -> String {
        let Self { name, on } = self;
        // Indexes of two tables cannot share a name.
        let suffix = table.strip_prefix("orders").unwrap_or(table);
        format!("CREATE INDEX {name}{suffix} ON {table} {on}")
    }

    /// The statement that removes it from `orders`, if it is there.
    #[must_use]
    pub fn drop(&self) -> String {
        format!("DROP INDEX IF EXISTS {}", self.name)
    }
}
