use foundation::explain::{PlanNode, PlanTree};

use super::{COLUMN, beside, wrapped};

fn node(kind: &str, buffers: u64, children: Vec<PlanNode>) -> PlanNode {
    let (rows, estimated_rows, loops) = (20, 20, 1);
    PlanNode {
        kind: kind.to_owned(),
        rows,
        estimated_rows,
        loops,
        buffers,
        children,
        ..PlanNode::default()
    }
}

fn tree(root: PlanNode) -> PlanTree {
    PlanTree { root, planning: Default::default(), execution: Default::default() }
}

fn scan(kind: &str, index: Option<&str>, buffers: u64) -> PlanNode {
    PlanNode {
        relation: Some("orders".to_owned()),
        index: index.map(str::to_owned),
        ..node(kind, buffers, Vec::new())
    }
}

#[test]
fn two_ways_to_scan_a_table_stand_opposite_and_the_sort_stands_alone() {
    let whole = scan("Seq Scan", None, 2_500);
    let before = tree(node("Limit", 2_500, vec![node("Sort", 2_500, vec![whole])]));
    let after = tree(node("Limit", 4, vec![scan("Index Only Scan", Some("orders_open"), 4)]));
    let text = beside(("before", &before), ("after", &after)).replace('\u{202f}', " ");
    let expected = "\
before                              │ after
────────────────────────────────────┼────────────────────────────────────
Limit                               │ Limit
  rows 20, expected 20              │   rows 20, expected 20
  buffers 2 500                     ≠   buffers 4
  Sort                              ◂
    rows 20, expected 20            ◂
    buffers 2 500                   ◂
    Seq Scan                        ≠   Index Only Scan
      on orders                     │     on orders
                                    ▸     using orders_open
      rows 20, expected 20          │     rows 20, expected 20
      buffers 2 500                 ≠     buffers 4

│ same   ≠ differs   ◂ left only   ▸ right only
";
    assert_eq!(text, expected);
}

#[test]
fn a_plan_beside_itself_differs_nowhere() {
    let plan = tree(node("Limit", 9, vec![scan("Index Scan", Some("orders_open"), 9)]));
    let text = beside(("one", &plan), ("the same", &plan));
    let (body, _) = text.rsplit_once("\n\n").unwrap();
    assert!(!body.contains(['≠', '◂', '▸']), "{text}");
}

#[test]
fn a_node_that_only_the_right_plan_has_is_marked_as_such() {
    let short = tree(scan("Seq Scan", None, 9));
    let long = tree(node("Aggregate", 9, vec![scan("Seq Scan", None, 9)]));
    let text = beside(("short", &short), ("long", &long));
    assert!(text.lines().any(|line| line.trim_start() == "▸ Aggregate"), "{text}");
    let (body, _) = text.rsplit_once("\n\n").unwrap();
    assert!(!body.contains('≠'), "the scan is the same: {text}");
}

#[test]
fn no_text_is_wider_than_its_column_and_none_is_lost() {
    let long = format!("    Filter ({} AND b)", "x".repeat(90));
    let lines = wrapped(&long);
    assert!(lines.iter().all(|line| line.chars().count() <= COLUMN), "{lines:#?}");
    let joined: String = lines.iter().map(|line| line.trim()).collect();
    assert_eq!(joined.replace(' ', ""), long.replace(' ', ""));
}
