use socorro_core::config::Layers;
use socorro_core::live::Socorro;
use socorro_core::pipeline::Pipelines;

use crate::arguments::Config;
use crate::exit::Exit;
use crate::output::line;

pub(super) async fn run(layers: Layers, command: Config) -> Result<(), Exit> {
    match command {
        Config::Check { connect } => check(layers, connect).await,
        Config::Dump { json } => dump(layers, json).await,
        // Has a file of its own.
        Config::Diff(_) => Ok(()),
    }
}

/// Says that all is well, or everything that is not.
async fn check(layers: Layers, connect: bool) -> Result<(), Exit> {
    let checked = Socorro::builder(layers)
        .pipelines(Pipelines::Forever)
        .check(connect)
        .await?;
    let mut unusable = 0;
    for (part, health) in &checked.health {
        match health {
            Ok(health) => {
                line(format_args!("{part}: {health}"))?;
                unusable += usize::from(!health.is_usable());
            }
            Err(error) => {
                line(format_args!("{part}: {error}"))?;
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
    line(format_args!(
        "ok: {} storages, {} sources, {} pipelines",
        checked.storages, checked.sources, checked.pipelines
    ))
}

/// Prints what is in force, secrets as their references.
async fn dump(layers: Layers, json: bool) -> Result<(), Exit> {
    let text = Socorro::builder(layers)
        .pipelines(Pipelines::Forever)
        .dump(json)
        .await?;
    line(format_args!("{}", text.trim_end()))
}
