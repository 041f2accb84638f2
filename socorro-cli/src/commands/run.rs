use std::path::PathBuf;

use socorro_core::ErrorKind;
use socorro_core::config::Layers;
use socorro_core::live::{Part, Socorro, Trigger};
use socorro_core::pipeline::Pipelines;

use crate::exit::Exit;
use crate::signals::{Asked, Signals};

/// Runs all pipelines until they are drained (`once`), one fails, or a signal ends it.
pub(super) async fn run(
    layers: Layers,
    once: bool,
    last_good: Option<Option<PathBuf>>,
    mut signals: Signals,
) -> Result<(), Exit> {
    let pipelines = if once {
        Pipelines::Once
    } else {
        Pipelines::Forever
    };
    let mut builder = Socorro::builder(layers.clone()).pipelines(pipelines);
    // Who drains once ends by itself, and may do so beside a program that runs.
    if !once {
        builder = builder.control();
    }
    let hint = last_good.is_none().then(|| layers.clone());
    if let Some(path) = last_good {
        builder = builder.last_good(path);
    }
    let starting = builder.start();
    let socorro = tokio::select! {
        started = starting => match started {
            Ok(socorro) => socorro,
            Err(refused) => {
                if let Some(layers) = hint.filter(|_| refused.kind() == ErrorKind::InvalidConfig) {
                    tell_last_good(&layers);
                }
                return Err(refused.into());
            }
        },
        () = signals.end() => return Err(Exit::failed("interrupted while starting; nothing was taken from any source")),
    };
    let plan = socorro.last_report().plan;
    if !plan
        .changes
        .keys()
        .any(|part| matches!(part, Part::Pipeline(_)))
    {
        tracing::warn!(
            "no pipeline is configured, so nothing moves; add a [pipeline.NAME] table, or name its file with --config"
        );
    }
    let outcome = loop {
        tokio::select! {
            asked = signals.next() => match asked {
                Asked::Reload => socorro.request_reload(Trigger::Hangup),
                Asked::End => break Ok(()),
            },
            finished = socorro.finished() => break finished,
        }
    };
    if outcome.is_ok() && !once {
        tracing::info!("ending: taking nothing new, finishing what is under way");
    }
    socorro.shutdown().await;
    // The pipelines may fail while they see through what they have.
    let finished = socorro.finished().await;
    outcome.and(finished).map_err(Exit::from)
}

/// The files are broken: says that there is something else to start on, if there is.
fn tell_last_good(layers: &Layers) {
    let kept = layers.glimpse("reload.keep").map(PathBuf::from);
    if let Some(kept) = kept.filter(|kept| kept.is_file()) {
        tracing::warn!(
            "the configuration that was adopted last is kept in {}; `run --last-good` starts on it",
            kept.display()
        );
    }
}
