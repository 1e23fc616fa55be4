//! The first incident as it is told in an interview: symptom, mitigation, hypotheses, cause, fix.

use evidence::{Chart, ChartKind, Stage, TimelineRow, Unit};

use crate::console::sentence;
use crate::incident::Played;

pub(super) fn tell(stage: &Stage, played: &[Played]) {
    let Some(incident) = played.first() else { return };
    let Played { case, toll, alert, exhibits, .. } = incident;
    stage.step("One of them told: the symptom");
    stage.note(format!(
        "{}. Then {} of 12 requests break the objective, and the alert fires.",
        sentence(case.injected),
        toll.injected
    ));
    for (title, text) in exhibits {
        stage.code(title.clone(), text.clone());
    }
    stage.step("Mitigate first");
    let actions: Vec<String> = case.mitigation.iter().map(ToString::to_string).collect();
    stage.note(format!(
        "Nobody knows the cause yet. `{}` stops the failures: {} fail afterwards.",
        actions.join("`, then `"),
        toll.mitigated
    ));
    stage.step("Hypotheses, against what was seen at the alert");
    for (suspect, evidence) in alert.weighed() {
        let verdict = if evidence.present { "not ruled out" } else { "ruled out" };
        stage.note(format!(
            "{}: {verdict}. {}.",
            sentence(suspect.title),
            sentence(&evidence.text)
        ));
    }
    stage.step("Root cause, fix, and the same load again");
    stage.note(format!("Cause: {}.", case.cause));
    stage.note(format!("Fix: {}.", case.fix));
    stage.note(format!("Prevention: {}.", case.prevention));
    stage.note(format!("{} of {} requests fail.", toll.fixed, toll.requests_after));
    chart(stage, incident);
}

fn chart(stage: &Stage, incident: &Played) {
    let Played { marks, failing, .. } = incident;
    let row = |label: &str, spans: Vec<(f64, f64)>| TimelineRow { label: label.to_owned(), spans };
    stage.chart(Chart {
        id: "incident".to_owned(),
        title: format!("One incident: {}", incident.case.title),
        axis: "time".to_owned(),
        unit: Unit::Seconds,
        kind: ChartKind::Timeline {
            rows: vec![
                row("faulty code runs", vec![(marks.injected, marks.mitigated)]),
                row("requests fail", failing.clone()),
                row("alert to mitigation", vec![(marks.alerted, marks.mitigated)]),
                row("mitigated", vec![(marks.mitigated, marks.fixed)]),
                row("fixed", vec![(marks.fixed, marks.ended)]),
            ],
        },
    });
}
