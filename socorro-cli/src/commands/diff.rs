//! `config diff`.

use std::io::ErrorKind;
use std::path::Path;

use serde_json::{Value, json};
use socorro_core::config::Layers;
use socorro_core::live::{SavedPlan, Socorro};
use socorro_core::pipeline::Pipelines;

use super::control::{Control, USUAL, is, text};
use crate::arguments::Diff;
use crate::exit::Exit;
use crate::output;

/// Prints what a reload would do, to `next` or of the running program; code 3 if that is anything.
pub(super) async fn run(layers: Layers, next: Layers, command: Diff) -> Result<(), Exit> {
    let found = if command.running {
        of_running(&Control::find(&layers, command.socket)?).await?
    } else {
        between(layers, &next).await?
    };
    if let Some(out) = &command.out {
        save(out, &found.plan)?;
    }
    if command.json {
        output::json(&found.json)?;
    } else {
        output::line(format_args!("{}", found.text))?;
    }
    if found.empty {
        Ok(())
    } else {
        Err(Exit::with(3, ""))
    }
}

struct Found {
    empty: bool,
    text: String,
    json: Value,
    plan: SavedPlan,
}

async fn between(layers: Layers, next: &Layers) -> Result<Found, Exit> {
    let diff = Socorro::builder(layers)
        .pipelines(Pipelines::Forever)
        .diff(next)
        .await?;
    Ok(Found {
        empty: diff.is_empty(),
        text: diff.to_string(),
        json: diff.to_json(),
        plan: diff.saved(),
    })
}

async fn of_running(control: &Control) -> Result<Found, Exit> {
    let answer = control.ask(&json!({ "command": "diff" }), USUAL).await?;
    if answer.get("invalid").is_some() {
        return Err(Exit::usage(text(&answer, "invalid")));
    }
    let member = |key: &str| answer.get(key).cloned().unwrap_or_default();
    let plan = SavedPlan::parse(&member("plan").to_string())?;
    Ok(Found {
        empty: is(&answer, "empty"),
        text: text(&answer, "text").to_owned(),
        json: member("diff"),
        plan,
    })
}

/// Writes the plan beside, and renames it over what is there: an earlier plan, and nothing else.
fn save(out: &Path, plan: &SavedPlan) -> Result<(), Exit> {
    let failed = |why: std::io::Error| {
        Exit::failed(format!(
            "{}: the plan cannot be written: {why}",
            out.display()
        ))
    };
    match std::fs::read_to_string(out) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Ok(text) if SavedPlan::parse(&text).is_ok() => {}
        _ => {
            let why = "there is something that is no plan; name another file, or remove it";
            return Err(failed(std::io::Error::new(ErrorKind::AlreadyExists, why)));
        }
    }
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = out.with_file_name(name);
    std::fs::write(&new, plan.to_text() + "\n")
        .and_then(|()| std::fs::rename(&new, out))
        .map_err(failed)
}
