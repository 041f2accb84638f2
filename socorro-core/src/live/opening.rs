//! What it takes to open a backend: once, or again and again.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::degraded::Degraded;
use super::environment::Environment;
use super::handover::Claim;
use super::instance::{Live, OpenSource, OpenStorage, Openable, Retire};
use super::plan::Part;
use super::wanted::{Backend, Kind};
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::plugin::Resource;
use crate::plugin::host::{Destroyed, OpenOptions};
use crate::storage::{Capabilities, CrashStorage};

/// A backend that can be opened. Cheap to clone. Has the secrets of its options in clear, as the instance that
/// it opens has.
#[derive(Clone)]
pub(crate) struct Opening {
    pub(super) part: Part,
    pub(super) backend: Backend,
    pub(super) options: OpenOptions,
}

impl Opening {
    pub(super) fn resources(&self) -> &[Resource] {
        &self.backend.resources
    }

    /// How long opening may take.
    pub(super) fn timeout(&self) -> std::time::Duration {
        self.options.timeout
    }

    /// Opens the backend, which holds `claim` already.
    pub(super) async fn open<T: Openable + ?Sized>(&self) -> Result<Box<T>> {
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
    ) -> Box<T> {
        let plugin = &self.backend.plugin;
        let able = match T::KIND {
            Kind::Storage => Capabilities::from_bits_truncate(plugin.capabilities().bits()),
            Kind::Source => Capabilities::empty(),
        };
        let (opening, claim) = (self.clone(), claim.clone());
        let probe = move || {
            let (opening, claim) = (opening.clone(), claim.clone());
            async move {
                // Taken already, unless something that did not end has it.
                claim.acquire()?;
                opening.open::<T>().await
            }
        };
        T::stand_in(Degraded::start(
            self.part.name().to_owned(),
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
        open: Box<T>,
        claim: Arc<Claim>,
    ) -> Arc<Live<T>> {
        let retired = environment.retired.clone();
        Live::new(self.part.name().into(), open, retired, Some(claim))
    }
}

#[async_trait]
impl Openable for dyn OpenStorage {
    const KIND: Kind = Kind::Storage;

    /// A storage whose backend cannot be used is ended again.
    async fn open(opening: &Opening) -> Result<Box<Self>> {
        let timeout = opening.options.timeout;
        let Opening {
            part,
            backend,
            options,
        } = opening;
        let storage = backend
            .plugin
            .open_storage(part.name(), backend.options.json(), options)
            .await?;
        let cx = Context::new().with_timeout(timeout);
        let unusable = match storage.health(&cx).await {
            Ok(health) if health.is_usable() => return Ok(Box::new(storage)),
            Ok(health) => Error::new(
                ErrorKind::Unavailable,
                format!("the backend cannot be used: {health}"),
            ),
            Err(error) => error,
        };
        if storage.destroy(timeout).await != Destroyed::Clean {
            tracing::warn!(%part, "a storage that could not be used did not end cleanly");
        }
        Err(unusable)
    }

    fn stand_in(degraded: Degraded<Self>) -> Box<Self> {
        Box::new(degraded)
    }

    fn into_retiring(self: Box<Self>) -> Box<dyn Retire> {
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

    async fn open(opening: &Opening) -> Result<Box<Self>> {
        let Opening {
            part,
            backend,
            options,
        } = opening;
        let source = backend
            .plugin
            .open_source(part.name(), backend.options.json(), options)
            .await?;
        Ok(Box::new(source))
    }

    fn stand_in(degraded: Degraded<Self>) -> Box<Self> {
        Box::new(degraded)
    }

    fn into_retiring(self: Box<Self>) -> Box<dyn Retire> {
        self
    }

    fn able(&self) -> Capabilities {
        Capabilities::empty()
    }

    fn absent(&self) -> Option<String> {
        Retire::absent(self)
    }
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
