//! What every attempt works with: given once, when the program starts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{
    Class, ConfigError, ConfigErrors, Configuration, Document, HostOptions, Layers, Origin, Partly,
    SystemSecrets, Wrong,
};
use crate::live::away::Away;
use crate::live::handover::{Holders, Turns};
use crate::live::leaving::Departures;
use crate::live::retire::Retired;
use crate::pipeline::Pipelines;
use crate::plugin::loader::Loader;
use crate::step::{Failpoints, Step, Steps, apart};
use crate::telemetry::Meters;
use crate::transaction::delay::FixedDelays;
use crate::transaction::{BackoffExecutor, Clock, Jitter, Quit, TransactionExecutor};

/// Seconds between attempts while a source is away; the last one repeats.
const OUTAGE_DELAYS: [u64; 5] = [1, 2, 5, 10, 30];

/// The circumstances of all attempts.
pub(super) struct Environment {
    pub(super) layers: Layers,
    /// Knows the plugins that are linked into the program, and which files it has seen.
    pub(super) loader: Loader,
    pub(super) parts: Parts,
    pub(super) pipelines: Pipelines,
    pub(super) secrets: SystemSecrets,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) jitter: Arc<dyn Jitter>,
    pub(super) quit: Quit,
    pub(super) retired: Retired,
    /// What runs without its backend.
    pub(super) away: Arc<Away>,
    pub(super) meters: Arc<Meters>,
    /// Nothing, but in tests.
    pub(super) failpoints: Failpoints,
    pub(super) departures: Arc<Departures>,
    /// What every instance holds until it has ended.
    pub(super) holders: Holders,
    /// One exchange at a time.
    pub(super) exchanges: Turns,
}

/// Which storages are opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Parts {
    All,
    /// These, and what they are made of.
    Only(BTreeSet<String>),
}

impl Environment {
    /// Reads the layers anew. Blocking work is done elsewhere.
    pub(super) async fn read(&self) -> std::result::Result<Configuration, ConfigErrors> {
        let partly = read(&self.layers, &self.steps()).await?.partly;
        partly.errors.or(partly.configuration)
    }

    /// The record of a new attempt.
    pub(super) fn steps(&self) -> Steps {
        Steps::new(self.failpoints.clone())
    }

    /// The loader for the plugins that this configuration names.
    pub(super) fn loader(&self, configuration: &Configuration) -> Loader {
        self.loader.with_options(configuration.plugins.clone())
    }

    pub(super) fn executor(&self, host: &HostOptions) -> Arc<dyn TransactionExecutor> {
        host.retry
            .build(self.clock.clone(), self.jitter.clone(), self.quit.clone())
    }

    /// What makes a pipeline that runs for ever outlive its source's outages, however long they last.
    pub(super) fn patience(&self) -> Arc<dyn TransactionExecutor> {
        let delays = FixedDelays::repeating_last(OUTAGE_DELAYS.map(Duration::from_secs).to_vec());
        let executor = BackoffExecutor::new(self.clock.clone(), self.quit.clone())
            .with_delays(delays.into_factory(), self.jitter.clone());
        Arc::new(executor)
    }
}

/// Layers that could be read and merged.
pub(super) struct Read {
    pub(super) document: Document,
    pub(super) partly: Partly,
}

/// Reads these layers, and checks them as far as that goes without plugins.
///
/// Files that cannot be read or parsed, variables and flags that say nothing.
pub(super) async fn read(
    layers: &Layers,
    steps: &Steps,
) -> std::result::Result<Read, ConfigErrors> {
    let (layers, steps) = (layers.clone(), steps.clone());
    let read = move || {
        let document = layers.load_in(&steps)?;
        steps.take(Step::Check, || {
            let partly = document.partly();
            Ok(Read { document, partly })
        })
    };
    match apart(read).await {
        Ok(read) => read,
        Err(error) => Err(unread(format!("there is no thread to read it on: {error}"))),
    }
}

/// Nothing can be read any more.
pub(super) fn ending() -> ConfigErrors {
    unread("it could not be read: the program is shutting down".to_owned())
}

/// Reading and checking did not come to an end.
pub(super) fn unread(why: String) -> ConfigErrors {
    let wrong = Wrong::new(Class::FileUnreadable, why);
    ConfigError::new(Origin::Together, "", wrong).into()
}
