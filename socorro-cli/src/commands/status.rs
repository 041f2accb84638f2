//! `status`.

use serde_json::{Value, json};
use socorro_core::config::Layers;

use super::control::{Control, USUAL, is, text};
use crate::arguments::Status;
use crate::exit::Exit;
use crate::output;

/// Prints how the running program is, or what came of its last attempts.
pub(super) async fn run(layers: Layers, command: Status) -> Result<(), Exit> {
    let control = Control::find(&layers, command.socket)?;
    if command.history {
        return history(&control, command.json).await;
    }
    let answer = control.ask(&json!({ "command": "status" }), USUAL).await?;
    if command.json {
        return output::json(answer.get("status").unwrap_or(&Value::Null));
    }
    output::line(format_args!("{}", text(&answer, "text")))
}

/// An attempt a line, the youngest last.
async fn history(control: &Control, as_json: bool) -> Result<(), Exit> {
    let answer = control.ask(&json!({ "command": "history" }), USUAL).await?;
    let none = Value::Array(Vec::new());
    let history = answer.get("history").unwrap_or(&none);
    if as_json {
        return output::json(history);
    }
    for report in history.as_array().into_iter().flatten() {
        let number = |key: &str| report.get(key).and_then(Value::as_f64).unwrap_or_default();
        output::line(format_args!(
            "{:>6}  {}  {:<7}  {:<19} generation {:<5} {:>9.1} ms{}",
            number("attempt"),
            text(report, "at"),
            text(report, "trigger"),
            match (text(report, "outcome"), text(report, "refusal")) {
                (outcome, "") => outcome.to_owned(),
                (outcome, refusal) => format!("{outcome}: {refusal}"),
            },
            number("generation"),
            number("milliseconds"),
            notes(report),
        ))?;
    }
    Ok(())
}

/// What else is to be known of an attempt.
fn notes(report: &Value) -> String {
    let mut notes = String::new();
    let list = |key: &str| report.get(key).and_then(Value::as_array);
    let errors = list("errors").into_iter().flatten();
    let first = errors.clone().next().map(|error| text(error, "message"));
    if let Some(first) = first {
        notes.push_str(&format!("  {first}"));
    }
    let more = errors.count().saturating_sub(1);
    if more > 0 {
        notes.push_str(&format!(" (and {more} more)"));
    }
    if is(report, "needs_restart") {
        notes.push_str("  needs restart");
    }
    for straggler in list("stragglers").into_iter().flatten() {
        notes.push_str(&format!("  straggler {}", text(straggler, "name")));
    }
    notes
}
