//! Opens one instance and asks for its health.

use std::sync::Arc;
use std::time::Duration;

use super::environment::Environment;
use super::handle::StorageHandle;
use super::handover::Claim;
use super::instance::{Instance, OpenStorage, Openable, SourceInstance, StorageInstance};
use super::opening::{Opening, is_outage};
use super::wanted::{Kind, WantedInstance};
use crate::compose::Fanout;
use crate::config::Start;
use crate::error::{Error, ErrorKind, Result};
use crate::plugin::Exchange;
use crate::plugin::host::OpenOptions;
use crate::step::Steps;

/// An instance that was opened.
#[derive(Clone)]
pub(super) enum Opened {
    Storage(Arc<StorageInstance>),
    Source(Arc<SourceInstance>),
}

/// Opens `instance`, or what stands in for it when it may run degraded; [`Opened::absent`] tells.
///
/// A backend that is not there refuses the attempt when it is required. Anything that editing the
/// configuration has to cure is refused in either case.
pub(super) async fn open(
    environment: &Environment,
    options: &OpenOptions,
    instance: &WantedInstance,
    steps: &Steps,
) -> Result<Opened> {
    let Some(backend) = &instance.backend else {
        let open = composite(environment, instance);
        return Ok(Opened::Storage(open));
    };
    let opening = Opening {
        part: instance.part(),
        backend: backend.clone(),
        resources: instance.resources.clone(),
        options: options.clone(),
        steps: steps.about(instance.part()),
    };
    Ok(match instance.kind {
        Kind::Storage => Opened::Storage(backed(environment, instance, opening).await?),
        Kind::Source => Opened::Source(backed(environment, instance, opening).await?),
    })
}

fn composite(environment: &Environment, instance: &WantedInstance) -> Arc<StorageInstance> {
    let children = instance
        .children
        .iter()
        .map(|child| StorageHandle::child(child))
        .collect();
    let open: Arc<dyn OpenStorage> = Arc::new(Fanout::new(children));
    let (name, identity) = (&instance.config.name, instance.identity.clone());
    StorageInstance::storage(name, identity, open, environment.retired.clone())
}

async fn backed<T: Openable + ?Sized + 'static>(
    environment: &Environment,
    instance: &WantedInstance,
    opening: Opening,
) -> Result<Arc<Instance<T>>> {
    let resources = opening.resources.clone();
    let claim = environment.holders.claim(opening.part.clone(), resources);
    // An instance of an earlier configuration may have it still, and is about to end.
    let free = tokio::time::timeout(opening.timeout(), claim.acquire_when_free()).await;
    if free.is_err() {
        claim.acquire()?;
    }
    let may_be_missing = instance.config.host.start == Start::Degraded;
    let open = match opening.open::<T>().await {
        Ok(open) => open,
        Err(error) if may_be_missing && is_outage(&error) => {
            opening.stand_in::<T>(environment, &claim, &error)
        }
        Err(error) => return Err(error),
    };
    let live = opening.live(environment, open, claim);
    let (identity, opening) = (instance.identity.clone(), opening.unrecorded());
    Ok(Instance::new(
        instance.part(),
        identity,
        Some(opening),
        live,
    ))
}

impl Opened {
    /// What it holds; none for a composite.
    fn claim(&self) -> Option<Arc<Claim>> {
        match self {
            Self::Storage(storage) => storage.live().ok()?.claim().cloned(),
            Self::Source(source) => source.live().ok()?.claim().cloned(),
        }
    }

    /// Why its backend is not there, if it stands in for that.
    pub(super) fn absent(&self) -> Option<String> {
        match self {
            Self::Storage(storage) => storage.absent(),
            Self::Source(source) => source.absent(),
        }
    }

    /// Waits until it may get its first operation: until nothing else works with what only one may.
    ///
    /// `Unavailable` when that takes longer than `patience`.
    pub(super) async fn alone(&self, patience: Duration) -> Result<()> {
        let Some(claim) = self.claim() else {
            return Ok(());
        };
        let alone = tokio::time::timeout(patience, claim.alone()).await;
        match claim.in_the_way(Exchange::Handover) {
            Some(why) if alone.is_err() => Err(Error::new(ErrorKind::Unavailable, why)),
            _ => Ok(()),
        }
    }
}
