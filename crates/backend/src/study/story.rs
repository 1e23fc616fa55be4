//! "Your story": the run told as situation, task, action and result, in words one can say.
//!
//! Put together from what the answer's author wrote and what was measured; nothing is made up, and
//! every version says that it comes from a demo.

use evidence::Story;
use evidence::readme::{Readme, inline_values};
use maud::{Markup, html};

use super::view::{RunView, Started};
use super::words::capitalised;

/// Whoever is asked "in production?" must not be caught: each story says it first.
const HONEST: &str = "measured on a demo, not in production";

/// Where the numbers come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A run of this machine.
    Here,
    /// The run that was recorded with this build.
    Recorded,
}

/// One version of the story.
#[derive(Debug)]
struct Telling {
    id: &'static str,
    title: &'static str,
    paragraphs: Vec<(Option<&'static str>, String)>,
}

/// The section, where the run got as far as its story.
pub(super) fn section(readme: &Readme, run: &RunView, origin: Origin) -> Option<Markup> {
    let (story, started) = (run.story()?, run.started.as_ref()?);
    let tellings = tellings(readme, run, story, started);
    Some(html! {
        div.story-picker #your-story data-origin=(match origin { Origin::Here => "here", Origin::Recorded => "recorded" }) {
            p.story-origin {
                @match origin {
                    Origin::Here => { "With the numbers of this machine: the run of " time { (run.day()) } ", scale " (started.scale) "." }
                    Origin::Recorded => {
                        "With the numbers of the recorded run of " time { (run.day()) }
                        ", which is somebody else's machine. " a href="#run" { "Run the demo" } " to make them yours."
                    }
                }
            }
            fieldset.choices {
                legend { "Which one" }
                @for (index, telling) in tellings.iter().enumerate() {
                    label.choice {
                        input type="radio" name="story" value=(telling.id) checked[index == 0];
                        (telling.title)
                    }
                }
            }
            @for telling in &tellings { (told(telling)) }
        }
    })
}

fn told(telling: &Telling) -> Markup {
    html! {
        article.telling id={ "story-" (telling.id) } aria-label=(telling.title) data-copy {
            @for (label, text) in &telling.paragraphs {
                p { @if let Some(label) = label { span.star { (label) } " " } (text) }
            }
        }
    }
}

fn tellings(readme: &Readme, run: &RunView, story: &Story, started: &Started) -> [Telling; 4] {
    let senior = senior(readme, run);
    let source = source(run, started);
    let Story { situation, task, action, result } = story;
    let plain = |text: &str| (None, text.to_owned());
    let ending = || (None, format!("I say where it comes from: {source}"));
    let long = vec![
        (Some("Situation."), situation.clone()),
        (Some("Task."), task.clone()),
        (Some("Action."), spoken(action)),
        (Some("Result."), result.clone()),
    ];
    let short = vec![plain(situation), plain(result), ending()];
    let mut short_senior = vec![plain(situation), plain(&spoken(action)), plain(result)];
    short_senior.push(ending());
    let mut long_senior = long.clone();
    if let Some(senior) = senior {
        long_senior.push((Some("What it costs."), senior));
    }
    if let Some(wrong) = readme.section("When this answer is wrong") {
        long_senior.push((Some("When I would not."), in_words(wrong, run)));
    }
    let mut long_junior = long;
    long_junior.push(ending());
    long_senior.push(ending());
    [
        Telling { id: "30s-junior", title: "30 seconds, junior", paragraphs: short },
        Telling { id: "30s-senior", title: "30 seconds, senior", paragraphs: short_senior },
        Telling { id: "2min-junior", title: "Two minutes, junior", paragraphs: long_junior },
        Telling { id: "2min-senior", title: "Two minutes, senior", paragraphs: long_senior },
    ]
}

/// Actions are written without their subject; spoken they have one.
fn spoken(action: &str) -> String {
    let mut letters = action.chars();
    let first = letters.next().map(char::to_lowercase).into_iter().flatten();
    let mut sentence: String = "I ".chars().chain(first).collect();
    sentence.push_str(letters.as_str());
    sentence
}

fn source(run: &RunView, started: &Started) -> String {
    let claims = run.passed + run.failed;
    let machine = &started.machine;
    format!(
        "{HONEST}, scale {}, {} of {claims} claims held on {}, {} ({} cores).",
        started.scale,
        run.passed,
        run.day(),
        machine.cpu,
        machine.cores
    )
}

/// What a senior adds to the two minutes.
fn senior(readme: &Readme, run: &RunView) -> Option<String> {
    let spoken = readme.spoken("Two minutes")?;
    let (_, senior) = spoken.split_once("**Senior:**")?;
    Some(capitalised(&in_words(senior, run)))
}

/// README text as it is said: with this run's values, without marks, links and ids of checks.
fn in_words(text: &str, run: &RunView) -> String {
    let text = with_values(text, run);
    let words: Vec<&str> = text.split_whitespace().collect();
    without_references(&words.join(" ")).replace("**", "")
}

/// The text with the values of this run in the places of the recorded ones.
fn with_values(text: &str, run: &RunView) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for inline in inline_values(text) {
        let before = &text[at..inline.range.start];
        let start = before.rfind("<!-- v:").unwrap_or(before.len());
        out.push_str(&before[..start]);
        out.push_str(run.values.get(&inline.id).unwrap_or(&inline.shown));
        at = inline.range.end + "<!-- /v -->".len();
    }
    out + text.get(at..).unwrap_or_default()
}

/// Takes out `check:…` and `test:…`, which nobody says, with the signs that led to them.
fn without_references(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut after_reference = false;
    for (index, part) in text.split('`').enumerate() {
        let is_code = index % 2 == 1;
        let is_reference = is_code && (part.starts_with("check:") || part.starts_with("test:"));
        if is_reference {
            out.truncate(out.trim_end_matches([' ', ':', ',', '(']).len());
        } else {
            let closes = after_reference && part.starts_with(')');
            out.push_str(if closes { &part[1..] } else { part });
        }
        after_reference = is_reference;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_readme_is_said_with_the_values_of_the_run_and_without_ids() {
        let mut run = RunView::default();
        run.values.insert("slow".to_owned(), "7 ms".to_owned());
        let text = "It took <!-- v:slow -->12 ms<!-- /v -->, and\n<!-- v:none -->3<!-- /v --> more: \
                    `check:holds`. **Then** `INSERT`, by `check:one`, `check:two`.";
        assert_eq!(in_words(text, &run), "It took 7 ms, and 3 more. Then INSERT, by.");
    }

    #[test]
    fn an_action_gets_its_subject() {
        assert_eq!(spoken("Put the owner into it."), "I put the owner into it.");
        assert_eq!(spoken(""), "I ");
    }
}
