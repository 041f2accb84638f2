//! What it takes to open a backend: once, or again and again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::degraded::Degraded;
use super::environment::Environment;
use super::handover::Claim;
use super::in_service::Live;
use super::instance::{OpenSource, OpenStorage, Openable};
use super::plan::Part;
use super::retire::Retire;
use super::wanted::{Backend, Kind};
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::plugin::Resource;
use crate::plugin::host::{Destroyed, OpenOptions, PluginStorage};
use crate::step::{Step, Steps};
use crate::storage::{Capabilities, CrashStorage};

/// A backend that can be opened. Cheap to clone. Has the secrets of its options in clear, as the instance that
/// it opens has.
#[derive(Clone)]
pub(crate) struct Opening {
    pub(super) part: Part,
    pub(super) backend: Backend,
    /// What it needs for itself.
    pub(super) resources: Vec<Resource>,
    pub(super) options: OpenOptions,
    /// The record of the attempt that opens; kept for nobody afterwards.
    pub(super) steps: Steps,
}

impl Opening {
    /// The same, for what belongs to no attempt.
    pub(super) fn unrecorded(&self) -> Self {
        Self {
            steps: Steps::default(),
            ..self.clone()
        }
    }

    /// How long opening may take.
    pub(super) fn timeout(&self) -> Duration {
        self.options.timeout
    }

    /// Opens the backend, which holds `claim` already.
    pub(super) async fn open<T: Openable + ?Sized>(&self) -> Result<Arc<T>> {
        T::open(self)
            .await
            .map_err(|error| self.backend.options.hide(error))
    }

    /// Something in place of the backend, which did not open (`why`), that opens it as soon as it can. Holds
    /// `claim` from then on at the latest.
    pub(super) fn stand_in<T: Openable + ?Sized + 'static>(
        &self,
        environment: &Environment,
        claim: &Arc<Claim>,
        why: &Error,
    ) -> Arc<T> {
        // The instance joins all the same; what is tried later belongs to no attempt.
        self.steps.put_up_with();
        let plugin = &self.backend.plugin;
        let able = match T::KIND {
            Kind::Storage => Capabilities::from_bits_truncate(plugin.capabilities().bits()),
            Kind::Source => Capabilities::empty(),
        };
        let (opening, claim) = (self.unrecorded(), claim.clone());
        let probe = move || {
            let (opening, claim) = (opening.clone(), claim.clone());
            async move {
                // Taken already, unless something that did not end has it.
                claim.acquire()?;
                opening.open::<T>().await
            }
        };
        T::stand_in(Degraded::start(
            environment.away.enter(self.part.clone(), &why.to_string()),
            why,
            able,
            environment.clock.clone(),
            probe,
        ))
    }

    /// What was opened, in service from now on.
    pub(super) fn live<T: Openable + ?Sized>(
        &self,
        environment: &Environment,
        open: Arc<T>,
        claim: Arc<Claim>,
    ) -> Arc<Live<T>> {
        let retired = environment.retired.clone();
        Live::new(self.part.clone(), open, retired, Some(claim))
    }
}

#[async_trait]
impl Openable for dyn OpenStorage {
    const KIND: Kind = Kind::Storage;

    /// A storage whose backend cannot be used is ended again.
    async fn open(opening: &Opening) -> Result<Arc<Self>> {
        let Opening {
            part,
            backend,
            options,
            steps,
            ..
        } = opening;
        let (name, said) = (part.name(), backend.options.json());
        let plugin = &backend.plugin;
        let storage = plugin.open_storage_in(name, said, options, steps).await?;
        let health = usable(&storage, options.timeout);
        let Err(unusable) = steps.take_async(Step::Health, health).await else {
            return Ok(Arc::new(storage));
        };
        if storage.destroy(options.timeout).await != Destroyed::Clean {
            tracing::warn!(%part, "a storage that could not be used did not end cleanly");
        }
        Err(unusable)
    }

    fn stand_in(degraded: Degraded<Self>) -> Arc<Self> {
        Arc::new(degraded)
    }

    fn into_retiring(self: Arc<Self>) -> Arc<dyn Retire> {
        self
    }

    fn able(&self) -> Capabilities {
        self.capabilities()
    }

    fn absent(&self) -> Option<String> {
        Retire::absent(self)
    }
}

#[async_trait]
impl Openable for dyn OpenSource {
    const KIND: Kind = Kind::Source;

    async fn open(opening: &Opening) -> Result<Arc<Self>> {
        let (name, said) = (opening.part.name(), opening.backend.options.json());
        let plugin = &opening.backend.plugin;
        let open = plugin.open_source_in(name, said, &opening.options, &opening.steps);
        Ok(Arc::new(open.await?))
    }

    fn stand_in(degraded: Degraded<Self>) -> Arc<Self> {
        Arc::new(degraded)
    }

    fn into_retiring(self: Arc<Self>) -> Arc<dyn Retire> {
        self
    }

    fn able(&self) -> Capabilities {
        Capabilities::empty()
    }

    fn absent(&self) -> Option<String> {
        Retire::absent(self)
    }
}

/// `Unavailable` when what the storage is for cannot be used.
async fn usable(storage: &PluginStorage, timeout: Duration) -> Result<()> {
    let health = storage
        .health(&Context::new().with_timeout(timeout))
        .await?;
    if health.is_usable() {
        return Ok(());
    }
    let why = format!("the backend cannot be used: {health}");
    Err(Error::new(ErrorKind::Unavailable, why))
}

/// Is it the backend that is missing, rather than the configuration that is wrong?
pub(super) fn is_outage(error: &Error) -> bool {
    error.is_retryable() || error.kind() == ErrorKind::Unavailable
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opening({})", self.part)
    }
}
