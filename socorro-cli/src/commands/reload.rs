//! `reload`.

use serde_json::{Value, json};
use socorro_core::config::Layers;
use socorro_core::live::SavedPlan;

use super::control::{Control, USUAL, is, text};
use crate::arguments::Reload;
use crate::exit::Exit;
use crate::output;

/// Tells the running program to reload; with `--wait` also what came of it, by the code as well: 0 applied or
/// nothing changed, 1 refused because of a backend or another plan, 2 because the configuration is wrong, 3 applied
/// but something takes a restart, 4 timed out.
pub(super) async fn run(layers: Layers, command: Reload) -> Result<(), Exit> {
    let expect = command.expect.as_deref().map(read).transpose()?;
    let control = Control::find(&layers, command.socket)?;
    let waits = command.wait || expect.is_some();
    let mut request = json!({ "command": "reload", "wait": waits });
    if let (Some(request), Some(plan)) = (request.as_object_mut(), expect) {
        request.insert("expect".to_owned(), json!(plan));
    }
    let patience = if waits { command.timeout.into() } else { USUAL };
    let answer = control.ask(&request, patience).await?;
    let Some(report) = answer.get("report") else {
        return output::line(format_args!("asked"));
    };
    if command.json {
        output::json(report)?;
    }
    let said = text(&answer, "text");
    let code = code(report);
    if code == 0 || code == 3 {
        if !command.json {
            output::line(format_args!("{said}"))?;
        }
        return match code {
            0 => Ok(()),
            _ => Err(Exit::with(
                3,
                "something takes a restart of the program; until then the old holds",
            )),
        };
    }
    // With `--json` the report has said it.
    Err(Exit::with(code, if command.json { "" } else { said }))
}

fn code(report: &Value) -> u8 {
    match (text(report, "outcome"), text(report, "refusal")) {
        ("applied" | "unchanged", _) if is(report, "needs_restart") => 3,
        ("applied" | "unchanged", _) => 0,
        (_, "invalid") => 2,
        (_, "timed_out") => 4,
        _ => 1,
    }
}

fn read(path: &std::path::Path) -> Result<SavedPlan, Exit> {
    let wrong = |why: String| Exit::usage(format!("{}: {why}", path.display()));
    let text =
        std::fs::read_to_string(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    SavedPlan::parse(&text).map_err(|error| wrong(error.message().to_owned()))
}
