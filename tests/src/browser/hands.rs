//! Mouse and keyboard.

use serde_json::{Value, json};

use super::page::{Browser, told};

/// The key that WebDriver names elements by (section 12.2 of the recommendation).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

impl Browser {
    #[track_caller]
    fn element(&self, selector: &str) -> String {
        let wish = json!({"using": "css selector", "value": selector});
        let found = told(selector, self.session.post("/element", &wish));
        found[ELEMENT].as_str().unwrap_or_default().to_owned()
    }

    /// Clicks with the mouse: what lies under something else, or cannot be seen, cannot be clicked.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        let element = self.element(selector);
        // Into the middle, as a person scrolls; the driver stops below what sticks to the edge.
        self.js(&format!(
            "document.querySelector({}).scrollIntoView({{block: 'center'}})",
            json!(selector)
        ));
        told(selector, self.session.post(&format!("/element/{element}/click"), &json!({})));
    }

    /// Types into a field, behind what is in it. For a file field, the path of the file.
    #[track_caller]
    pub fn write(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        let body = json!({"text": text});
        told(selector, self.session.post(&format!("/element/{element}/value"), &body));
    }

    /// Presses keys one after the other, wherever the focus is.
    #[track_caller]
    pub fn press(&self, keys: &str) {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key})))
            .collect();
        let body = json!({"actions": [{"type": "key", "id": "keys", "actions": strokes}]});
        told(keys, self.session.post("/actions", &body));
    }

    /// Moves on with the tabulator alone until the focus is on what the selector names.
    #[track_caller]
    pub fn tab_to(&self, selector: &str) {
        let there = format!("return document.activeElement.matches({})", json!(selector));
        for _ in 0..80 {
            if self.js(&there) == json!(true) {
                return;
            }
            self.press("\u{E004}");
        }
        panic!("the keyboard does not reach {selector} on {}", self.path());
    }
}
