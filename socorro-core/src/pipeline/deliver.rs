//! One crash from its source to every destination.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::join_all;

use super::transform::{Crash, Transform};
use crate::config::{After, PipelineConfig};
use crate::context::Context;
use crate::crash::{CrashId, StoredId};
use crate::error::{Error, ErrorKind, Result};
use crate::live::{Pin, StorageHandle};
use crate::storage::Capabilities;

/// Where one crash goes, in one generation.
pub(super) struct Delivery<'a> {
    config: &'a PipelineConfig,
    pin: Pin,
    cx: Context,
}

impl<'a> Delivery<'a> {
    /// In the generation of this pin, which holds what the pipeline uses.
    pub(super) fn new(config: &'a PipelineConfig, pin: Pin) -> Self {
        let mut cx = Context::new();
        cx.pin = Some(pin.clone());
        Self { config, pin, cx }
    }

    /// Steps 3 to 6 of the [protocol](super): `Ok` once the crash may be acknowledged.
    ///
    /// `Cancelled` also when a reload exchanges something that the delivery holds, and waits no longer.
    pub(super) async fn run(&self, id: &StoredId, transform: Option<&dyn Transform>) -> Result<()> {
        tokio::select! {
            biased;
            outcome = self.see_through(id, transform) => outcome,
            () = self.pin.evicted() => Err(Error::new(
                ErrorKind::Cancelled,
                "a reload had to close a storage that it uses, and could wait no longer",
            )),
        }
    }

    async fn see_through(&self, id: &StoredId, transform: Option<&dyn Transform>) -> Result<()> {
        let Some(crash_id) = id.crash_id() else {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "an id of this old form can be read but not saved; copy the crash under a new id",
            ));
        };
        match self.read(crash_id).await {
            Ok(crash) => self.save(self.transform(crash, transform).await?).await?,
            // It is deleted once more: that finishes a delete that a kill cut short.
            Err(error) if error.is_not_found() && self.was_delivered(id).await => {}
            Err(error) => return Err(error),
        }
        match self.config.after {
            After::Ack => Ok(()),
            After::AckAndDelete => self.storage(&self.config.from).delete(id).await,
        }
    }

    fn storage(&self, name: &str) -> StorageHandle {
        StorageHandle::child(name).within(&self.cx)
    }

    async fn read(&self, id: CrashId) -> Result<Crash> {
        let from = self.storage(&self.config.from);
        let raw = from.get_raw_crash(id).await?;
        let dumps = from.get_dumps(id).await?;
        let may_have_processed = Capabilities::CATALOG | Capabilities::GET_PROCESSED;
        let processed = if from.capabilities().contains(may_have_processed)
            && from.catalog(id).await?.has_processed_crash()
        {
            Some(from.get_unredacted_processed_crash(id).await?)
        } else {
            None
        };
        Ok(Crash {
            id,
            raw,
            dumps,
            processed,
        })
    }

    async fn transform(&self, crash: Crash, transform: Option<&dyn Transform>) -> Result<Crash> {
        let Some(transform) = transform else {
            return Ok(crash);
        };
        let id = crash.id;
        let crash = AssertUnwindSafe(transform.transform(crash))
            .catch_unwind()
            .await
            .unwrap_or_else(|panic| {
                // The payload is not looked into: dropping it may panic again.
                std::mem::forget(panic);
                Err(Error::new(
                    ErrorKind::Internal,
                    "the transform panicked; the panic hook has its message",
                ))
            })?;
        if crash.id != id {
            let message = format!(
                "the transform changed the crash id to {}; ids must stay",
                crash.id
            );
            return Err(Error::new(ErrorKind::Internal, message).for_crash(id));
        }
        Ok(crash)
    }

    async fn save(&self, crash: Crash) -> Result<()> {
        let crash = &crash;
        let saves = self.config.to.iter().map(|name| async move {
            let to = self.storage(name);
            match &crash.processed {
                None => to.save_raw_crash(&crash.id, &crash.raw, &crash.dumps).await,
                Some(processed) => {
                    to.save_raw_and_processed(&crash.id, &crash.raw, &crash.dumps, processed)
                        .await
                }
            }
        });
        join_all(saves).await.into_iter().collect()
    }

    /// Was the crash delivered and deleted before, and only the acknowledgement lost?
    async fn was_delivered(&self, id: &StoredId) -> bool {
        if self.config.after != After::AckAndDelete {
            return false;
        }
        let leaves = self
            .config
            .to
            .iter()
            .flat_map(|name| self.pin.generation().leaves(name));
        for leaf in leaves {
            match self.storage(leaf).catalog(id).await {
                Ok(catalog) if catalog.has_raw_crash() => {}
                _ => return false,
            }
        }
        true
    }
}
