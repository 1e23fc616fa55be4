//! What people write first. Only the demo uses it.

use crate::index::Index;

/// An index on the one column that the query names first. It is used, and the plan looks repaired;
/// every order of the seller is still fetched from the table, to throw most of them away.
pub const SINGLE: Index = Index { name: "orders_seller", on: "(seller_id)" };

/// The right columns with the range in front: everything behind a range is only filtered by, so
/// the orders of all sellers in that time are read.
pub const WRONG_ORDER: Index = Index {
    name: "orders_time_seller",
    on: "(created_at, seller_id, status) INCLUDE (id, total_cents)",
};

/// The id arrived as text, and so the column is turned into text. It is right for every row, and
/// no index on `seller_id` is in the order of its text.
pub const OPEN_ORDERS_BY_TEXT: &str = "\
SELECT id, total_cents, created_at FROM orders
WHERE seller_id::text = $1::text AND status = 'open'
  AND created_at >= '2025-07-01' AND created_at < '2026-01-01'
ORDER BY created_at DESC LIMIT 20";
