//! What every attempt works with: given once, when the program starts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{
    Class, ConfigError, ConfigErrors, Configuration, Document, HostOptions, Layers, Origin,
    SystemSecrets, Wrong,
};
use crate::live::handover::{Holders, Turns};
use crate::live::instance::Retired;
use crate::pipeline::Pipelines;
use crate::plugin::loader::Loader;
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
        Ok(read(&self.layers).await?.1)
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

/// Reads these layers, and checks them as far as that goes without plugins.
pub(super) async fn read(
    layers: &Layers,
) -> std::result::Result<(Document, Configuration), ConfigErrors> {
    let layers = layers.clone();
    let read = move || {
        let document = layers.load()?;
        let configuration = document.configuration()?;
        Ok((document, configuration))
    };
    match tokio::task::spawn_blocking(read).await {
        Ok(read) => read,
        Err(_) => Err(ending()),
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
