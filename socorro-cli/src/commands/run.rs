use std::path::PathBuf;

use socorro_core::ErrorKind;
use socorro_core::config::Layers;
use socorro_core::live::{Builder, Part, Trigger};
use socorro_core::pipeline::Pipelines;

use crate::endpoint::{Endpoint, Recorder};
use crate::exit::Exit;
use crate::signals::{Asked, Signals};
use crate::systemd::Systemd;

/// Runs all pipelines until they are drained (`once`), one fails, or a signal ends it.
pub(super) async fn run(
    builder: Builder,
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
    let mut builder = builder.pipelines(pipelines);
    // Who drains once ends by itself, and may do so beside a program that runs.
    if !once {
        builder = builder.control();
    }
    let hint = last_good.is_none().then_some(layers);
    if let Some(path) = last_good {
        builder = builder.last_good(path);
    }
    let systemd = Systemd::from_environment();
    // Before the start, which is measured as well.
    let recorder = if once {
        None
    } else {
        Some(Recorder::install()?)
    };
    let starting = builder.start();
    let socorro = tokio::select! {
        started = starting => match started {
            Ok(socorro) => socorro,
            Err(refused) => {
                systemd.cannot_start(&refused).await;
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
    let endpoint = match recorder {
        Some(recorder) => match Endpoint::open(&socorro, recorder).await {
            Ok(endpoint) => endpoint,
            Err(exit) => {
                socorro.shutdown().await;
                return Err(exit);
            }
        },
        None => None,
    };
    let telling = systemd.follow(&socorro);
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
    if let Some(endpoint) = &endpoint {
        endpoint.ending();
    }
    socorro.shutdown().await;
    telling.finish().await;
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
