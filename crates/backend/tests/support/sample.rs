//! Answers made for tests: one with everything a demo can show, one that waits until it is stopped.

use std::time::Duration;

use evidence::{
    Answer, Bar, Chart, ChartKind, Needs, Outcome, Quantity, RungKind, Source, Stage, Story, Unit,
};

const README: &str = r#"# Sample

## Question
What is asked? <script>alert(1)</script>

## Say it
### 30 seconds
It took
<!-- v:slow -->12 ms<!-- /v --> here.

### Two minutes
First, `check:holds`.

**Senior:** more.

## Show it
| What you say | Code | Proof |
|---|---|---|
| Adding is *one* call | [`src/lib.rs`](src/lib.rs) `add` | `check:holds`, `test:sums_are_right` |
| Not shown here | [`src/none.rs`](src/none.rs) `none` | `check:unheard-of` |

## Run it
<!-- recorded:begin -->
old output
<!-- recorded:end -->

## Follow-ups
<details><summary>Why `add`?</summary>

Because.
</details>
"#;

const RECORDED: &str = concat!(
    r#"{"event":"started","answer":"sample","title":"t","scale":"quick","seed":7,"machine":{"at":"2026-01-02T03:04:05Z","cpu":"CPU","cores":2,"memory_bytes":8000000000,"os":"OS","postgres":"","rustc":"1.95.0","commit":"abc","profile":"release"}}"#,
    "\n",
    r#"{"event":"step","title":"One"}"#,
    "\n",
    r#"{"event":"prediction","id":"sum","question":"How much?","unit":"count"}"#,
    "\n",
    r#"{"event":"check","id":"holds","claim":"It holds 3 times","passed":true}"#,
    "\n",
    r#"{"event":"chart","id":"sums","title":"Sums","axis":"sum","unit":"count","kind":{"shape":"bars","bars":[{"label":"a","value":3.0,"spread":null,"rung":"right"}],"logarithmic":false}}"#,
    "\n",
    r#"{"event":"finished","verdict":"passed","passed":1,"failed":0,"seconds":1.5,"error":null}"#,
    "\n",
);

/// Shows one of everything, in an instant.
pub static SAMPLE: Answer = Answer {
    number: 3,
    slug: "todo-api",
    title: "Sample",
    readme: README,
    sources: &[Source {
        path: "src/lib.rs",
        text: "/// Adds.\npub fn add(a: u8, b: u8) -> u8 {\n    a + b\n}\n",
    }],
    recorded: RECORDED,
    needs: |_| Needs { rows: 1, disk_bytes: 2_000_000, memory_bytes: 0 },
    demo: everything,
    routes: None,
};

/// Waits until somebody stops it.
pub static HOLDING: Answer = Answer {
    number: 18,
    slug: "caching",
    title: "Holding",
    readme: "# Holding\n",
    sources: &[],
    recorded: "",
    needs: |_| Needs { rows: 0, disk_bytes: 0, memory_bytes: 0 },
    demo: hold,
    routes: None,
};

fn everything(stage: &Stage) -> Outcome {
    stage.step("Climb <b>");
    stage.note("A note & more");
    stage.predict("sum", "How much?", Unit::Count);
    stage.progress("adding", 2, "sums").advance(2)?;
    let ladder = stage.ladder("one load", &["lost", "safe"]);
    ladder.rung(RungKind::Wrong, "racing", vec![Quantity::count(5).into(), "no".into()]);
    ladder.rung(RungKind::Right, "atomic", vec![Quantity::count(0).into(), "yes".into()]);
    stage.reveal("sum", Quantity::count(10));
    stage.code("A statement", "SELECT 1 -- < 2");
    stage.plan("A plan", "Seq Scan on t");
    stage.measure("m", "measured", Quantity::count(3));
    stage.chart(Chart {
        id: "live-sums".to_owned(),
        title: "Sums".to_owned(),
        axis: "sum".to_owned(),
        unit: Unit::Count,
        kind: ChartKind::Bars {
            bars: vec![Bar { label: "a & b".to_owned(), value: 3.0, spread: None, rung: None }],
            logarithmic: false,
        },
    });
    let [situation, task, action, result] = ["S", "T", "A", "R"].map(str::to_owned);
    stage.story(Story { situation, task, action, result });
    stage.check("holds", "It holds", true);
    // What the interviewer takes away from the answer of this name.
    let matched = !stage.switch("no-if-match");
    stage.check(
        "if-match-loses-no-edit",
        format!("{} edits are lost", u8::from(!matched)),
        matched,
    );
    // Seed 13 shows what a broken claim looks like.
    stage.check("lucky", "The seed is lucky", stage.seed() != 13);
    Ok(())
}

fn hold(stage: &Stage) -> Outcome {
    stage.step("Waiting");
    stage.check("waits", "It waits", true);
    loop {
        stage.go_on()?;
        std::thread::sleep(Duration::from_millis(5));
    }
}
