//! Opens one instance and asks for its health.

use std::sync::Arc;

use super::degraded::Degraded;
use super::environment::Environment;
use super::handle::StorageHandle;
use super::instance::{OpenSource, OpenStorage, SourceInstance, StorageInstance};
use super::wanted::{Backend, Kind, Wanted, WantedInstance};
use crate::compose::Fanout;
use crate::config::Start;
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::plugin::host::{Destroyed, OpenOptions, PluginStorage};
use crate::step::{Step, Steps};
use crate::storage::{Capabilities, CrashStorage};

/// An instance that was opened.
pub(super) enum Opened {
    Storage(Arc<StorageInstance>),
    Source(Arc<SourceInstance>),
}

/// Opens `instance`. The text says why it runs degraded, if it does.
///
/// A backend that is not there refuses the attempt when it is required. Anything that editing the
/// configuration has to cure is refused in either case.
pub(super) async fn open(
    environment: &Environment,
    wanted: &Wanted,
    instance: &WantedInstance,
    steps: &Steps,
) -> Result<(Opened, Option<String>)> {
    let name = &instance.config.name;
    let identity = instance.identity.clone();
    let retired = environment.retired.clone();
    let Some(backend) = &instance.backend else {
        let children = instance
            .children
            .iter()
            .map(|child| StorageHandle::child(child))
            .collect();
        let open: Arc<dyn OpenStorage> = Arc::new(Fanout::new(children));
        return Ok((
            Opened::Storage(StorageInstance::storage(name, identity, open, retired)),
            None,
        ));
    };
    let may_be_missing = instance.config.host.start == Start::Degraded;
    let absent = |why: &Error| environment.away.enter(instance.part(), &why.to_string());
    let opening = Opening {
        name: name.clone(),
        backend: backend.clone(),
        options: wanted.open.clone(),
        steps: steps.about(instance.part()),
    };
    match instance.kind {
        Kind::Storage => {
            let (open, why) = match opening.storage().await {
                Ok(open) => (open, None),
                Err(error) if may_be_missing && is_outage(&error) => {
                    let able =
                        Capabilities::from_bits_truncate(backend.plugin.capabilities().bits());
                    let opening = opening.for_probes();
                    let probe = move || {
                        let opening = opening.clone();
                        async move { opening.storage().await }
                    };
                    let open: Arc<dyn OpenStorage> = Arc::new(Degraded::<dyn OpenStorage>::start(
                        absent(&error),
                        able,
                        environment.clock.clone(),
                        probe,
                    ));
                    (open, Some(error.to_string()))
                }
                Err(error) => return Err(error),
            };
            Ok((
                Opened::Storage(StorageInstance::storage(name, identity, open, retired)),
                why,
            ))
        }
        Kind::Source => {
            let (open, why) = match opening.source().await {
                Ok(open) => (open, None),
                Err(error) if may_be_missing && is_outage(&error) => {
                    let opening = opening.for_probes();
                    let probe = move || {
                        let opening = opening.clone();
                        async move { opening.source().await }
                    };
                    let open: Arc<dyn OpenSource> = Arc::new(Degraded::<dyn OpenSource>::start(
                        absent(&error),
                        Capabilities::empty(),
                        environment.clock.clone(),
                        probe,
                    ));
                    (open, Some(error.to_string()))
                }
                Err(error) => return Err(error),
            };
            Ok((
                Opened::Source(SourceInstance::source(name, identity, open, retired)),
                why,
            ))
        }
    }
}

/// What it takes to open a backend, once or again and again.
#[derive(Clone)]
struct Opening {
    name: String,
    backend: Backend,
    options: OpenOptions,
    /// The record of the attempt that opens.
    steps: Steps,
}

impl Opening {
    /// The instance joins although its backend is not there; what is tried later belongs to no attempt.
    fn for_probes(self) -> Self {
        self.steps.put_up_with();
        Self {
            steps: Steps::default(),
            ..self
        }
    }

    /// Opens the storage; one whose backend cannot be used is ended again.
    async fn storage(&self) -> Result<Arc<dyn OpenStorage>> {
        self.try_storage()
            .await
            .map_err(|error| self.backend.options.hide(error))
    }

    async fn source(&self) -> Result<Arc<dyn OpenSource>> {
        self.try_source()
            .await
            .map_err(|error| self.backend.options.hide(error))
    }

    async fn try_storage(&self) -> Result<Arc<dyn OpenStorage>> {
        let storage = self
            .backend
            .plugin
            .open_storage_in(
                &self.name,
                self.backend.options.json(),
                &self.options,
                &self.steps,
            )
            .await?;
        let unusable = match self
            .steps
            .take_async(Step::Health, self.usable(&storage))
            .await
        {
            Ok(()) => return Ok(Arc::new(storage)),
            Err(error) => error,
        };
        if storage.destroy(self.options.timeout).await != Destroyed::Clean {
            tracing::warn!(
                name = self.name,
                "a storage that could not be used did not end cleanly"
            );
        }
        Err(unusable)
    }

    /// `Unavailable` when what the storage is for cannot be used.
    async fn usable(&self, storage: &PluginStorage) -> Result<()> {
        let cx = Context::new().with_timeout(self.options.timeout);
        let health = storage.health(&cx).await?;
        if health.is_usable() {
            return Ok(());
        }
        let why = format!("the backend cannot be used: {health}");
        Err(Error::new(ErrorKind::Unavailable, why))
    }

    async fn try_source(&self) -> Result<Arc<dyn OpenSource>> {
        let source = self
            .backend
            .plugin
            .open_source_in(
                &self.name,
                self.backend.options.json(),
                &self.options,
                &self.steps,
            )
            .await?;
        Ok(Arc::new(source))
    }
}

/// Is it the backend that is missing, rather than the configuration that is wrong?
fn is_outage(error: &Error) -> bool {
    error.is_retryable() || error.kind() == ErrorKind::Unavailable
}
