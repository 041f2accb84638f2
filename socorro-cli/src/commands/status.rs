//! `status`.

use serde_json::{Value, json};
use socorro_core::config::Layers;

use super::control::{Control, USUAL, text};
use crate::arguments::Status;
use crate::exit::Exit;
use crate::output;

/// Prints how the running program is.
pub(super) async fn run(layers: Layers, command: Status) -> Result<(), Exit> {
    let control = Control::find(&layers, command.socket)?;
    let status = control.ask(&json!({ "command": "status" }), USUAL).await?;
    if command.json {
        return output::json(&status);
    }
    let number = |key: &str| status.get(key).and_then(Value::as_u64).unwrap_or_default();
    output::line(format_args!(
        "socorro {}, process {}, generation {}",
        text(&status, "version"),
        number("pid"),
        number("generation"),
    ))?;
    let report = status.get("report").cloned().unwrap_or_default();
    output::line(format_args!(
        "configuration {}",
        text(&report, "configuration")
    ))?;
    output::line(format_args!("{}", text(&report, "text")))?;
    let stragglers = status.get("stragglers").and_then(Value::as_array);
    for straggler in stragglers.into_iter().flatten().filter_map(Value::as_str) {
        output::line(format_args!("straggler {straggler}"))?;
    }
    Ok(())
}
