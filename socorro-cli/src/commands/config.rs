use serde_json::{Value, json};
use socorro_core::config::Layers;
use socorro_core::live::{Checked, Socorro};
use socorro_core::pipeline::Pipelines;

use super::config_show;
use crate::arguments::Config;
use crate::exit::Exit;
use crate::output::{json, line};

pub(super) async fn run(layers: Layers, command: Config) -> Result<(), Exit> {
    match command {
        Config::Check { connect, json } => check(layers, connect, json).await,
        Config::Dump { json } => config_show::dump(layers, json).await,
        Config::Explain { key, json } => config_show::explain(layers, &key, json).await,
        Config::Schema => config_show::schema(layers).await,
    }
}

/// Says that all is well, or everything that is not.
async fn check(layers: Layers, connect: bool, as_json: bool) -> Result<(), Exit> {
    let checked = Socorro::builder(layers)
        .pipelines(Pipelines::Forever)
        .check(connect)
        .await?;
    if as_json {
        json(&as_value(&checked))?;
    }
    let mut unusable = 0;
    for (part, health) in &checked.health {
        match health {
            Ok(health) => {
                say(as_json, format_args!("{part}: {health}"))?;
                unusable += usize::from(!health.is_usable());
            }
            Err(error) => {
                say(as_json, format_args!("{part}: {error}"))?;
                unusable += 1;
            }
        }
    }
    if unusable > 0 {
        return Err(Exit::failed(format!(
            "{unusable} of {} backends cannot be used",
            checked.health.len()
        )));
    }
    say(
        as_json,
        format_args!(
            "ok: {} storages, {} sources, {} pipelines",
            checked.storages, checked.sources, checked.pipelines
        ),
    )
}

/// Prints a line for a person; a machine has it all already.
fn say(to_a_machine: bool, text: std::fmt::Arguments<'_>) -> Result<(), Exit> {
    if to_a_machine {
        return Ok(());
    }
    line(text)
}

fn as_value(checked: &Checked) -> Value {
    let health: Vec<Value> = checked
        .health
        .iter()
        .map(|(part, health)| match health {
            Ok(health) => json!({
                "part": part.to_string(),
                "usable": health.is_usable(),
                "health": health.to_string(),
            }),
            Err(error) => json!({
                "part": part.to_string(),
                "usable": false,
                "error": error.to_string(),
            }),
        })
        .collect();
    json!({
        "storages": checked.storages,
        "sources": checked.sources,
        "pipelines": checked.pipelines,
        "health": health,
    })
}
