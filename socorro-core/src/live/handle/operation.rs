//! One operation through a handle, from its beginning to its end: which generation it runs in, what it holds, and where
//! it waits while a reload exchanges that.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use super::{StorageHandle, Target};
use crate::context::Context;
use crate::crash::{ProcessedCrash, Redaction};
use crate::error::{Applied, Error, ErrorKind, Result};
use crate::live::admission::Admitted;
use crate::live::generation::{Generation, StorageEntry};
use crate::live::handover::{Parking, Pin};
use crate::live::in_service::Within;
use crate::live::instance::{LiveStorage, OpenStorage};
use crate::storage::CrashStorage;
use crate::telemetry::{Measured, Operation};
use crate::transaction::{Call, run};

impl StorageHandle {
    /// Carries it out, measured.
    pub(super) async fn perform<T, F, Fut>(
        self,
        operation: Operation,
        bytes: usize,
        attempt: F,
    ) -> Result<T>
    where
        F: Fn(Open, Context) -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        if let Target::Fixed { storage, .. } = &self.target {
            return attempt(Open::Fixed(storage.clone()), self.cx.clone()).await;
        }
        let pin = self.pin_of_call().ok_or_else(unpinned)?;
        let entry = self.entry(&pin)?;
        let measured = entry.meter.begin(operation);
        let result = self
            .see_through(pin, operation, bytes, &measured, attempt)
            .await;
        measured.finish(&result);
        result
    }

    async fn see_through<T, F, Fut>(
        &self,
        pin: Pin,
        operation: Operation,
        bytes: usize,
        measured: &Measured<'_>,
        attempt: F,
    ) -> Result<T>
    where
        F: Fn(Open, Context) -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        let entered = self.enter(pin, operation, bytes).await?;
        let Entered {
            entry,
            within,
            redaction,
            pin,
            ..
        } = &entered;
        let mut cx = self.cx.clone();
        // A composite finds its children in it. An operation on a backend keeps nothing open but that.
        cx.pin = pin.clone();
        let call = Call {
            operation: operation.name(),
            deadline: cx.deadline(),
            drain: Some(entry.drain()),
        };
        let work = pin!(run(&*entry.executor, &call, |number| {
            if number > 1 {
                measured.retried();
            }
            let cx = match entry.timeout {
                Some(timeout) => cx.clone().with_timeout(timeout),
                None => cx.clone(),
            };
            let live = within.live().clone();
            let redaction = redaction.clone();
            attempt(Open::Live { live, redaction }, cx)
        }));
        let Some(pin) = pin else {
            return work.await;
        };
        tokio::select! {
            biased;
            outcome = work => outcome,
            () = pin.evicted() => Err(cancelled(
                "a reload had to close one of the stores and could wait no longer",
            )),
        }
    }

    fn entry(&self, pin: &Pin) -> Result<Arc<StorageEntry>> {
        let generation = pin.generation();
        let entry = generation.storage(self.name());
        entry.cloned().ok_or_else(|| self.removed(generation))
    }

    /// Begins an operation in the generation of `pin`: holds the storage in it. Waits while a reload exchanges the
    /// storage, or one below it; then it begins in the generation that serves after that.
    async fn enter(&self, mut pin: Pin, operation: Operation, bytes: usize) -> Result<Entered> {
        let mut waited: Option<(Arc<Parking>, Admitted)> = None;
        loop {
            let entry = self.entry(&pin)?;
            let (before, admitted) = waited.take().unzip();
            let admitted = match admitted.filter(|admitted| entry.admission.has(admitted)) {
                Some(admitted) => admitted,
                None => entry.admission.admit(bytes)?,
            };
            let held = match pin.enter(&entry) {
                // What is below a composite is held for the whole of the operation.
                Ok(within) if entry.is_composite() => {
                    let held = pin.clone().hold([self.name()]);
                    held.map(|pin| (within, Some(pin)))
                }
                Ok(within) => Ok((within, None)),
                Err(unpinned) => Err(unpinned),
            };
            let out = match held {
                Ok((within, below)) => {
                    let reads = operation == Operation::GetProcessedCrash;
                    return Ok(Entered {
                        entry,
                        within,
                        redaction: reads.then(|| pin.generation().redaction().clone()),
                        pin: below,
                        _admitted: admitted,
                    });
                }
                Err(out) => out,
            };
            if self.is_superseded(&pin) {
                waited = before.map(|before| (before, admitted));
                pin = self.pin_of_call().ok_or_else(unpinned)?;
                continue;
            }
            let is_new = |parking: &Arc<Parking>| {
                !before
                    .as_ref()
                    .is_some_and(|before| Arc::ptr_eq(before, parking))
            };
            let parking = out.parking.filter(is_new).ok_or_else(gone)?;
            // A composite admits everything; it is the store below that bounds how much waits.
            let _counted = (!Arc::ptr_eq(&entry, &out.entry))
                .then(|| out.entry.admission.admit(bytes))
                .transpose()?;
            parking.wait(self.cx.deadline()).await?;
            waited = Some((parking, admitted));
            pin = self.pin_of_call().ok_or_else(unpinned)?;
        }
    }

    /// Has a reload come since the operation pinned a generation, which it may leave?
    fn is_superseded(&self, pin: &Pin) -> bool {
        match &self.target {
            Target::Current { shared, .. } if self.cx.pin.is_none() => {
                !Arc::ptr_eq(&shared.pin(), pin.generation())
            }
            _ => false,
        }
    }

    fn removed(&self, generation: &Generation) -> Error {
        Error::new(
            ErrorKind::InvalidConfig,
            format!(
                "no storage of this name in generation {}; add [storage.{}] to the configuration",
                generation.number(),
                self.name()
            ),
        )
    }
}

/// An operation that has begun, and all that it holds until it ends.
struct Entered {
    entry: Arc<StorageEntry>,
    within: Within<dyn OpenStorage>,
    /// Of the generation that it runs in, if it reads a processed crash: others do not pay for it.
    redaction: Option<Arc<Redaction>>,
    /// Of a composite: what is below it.
    pin: Option<Pin>,
    _admitted: Admitted,
}

/// The storage of one attempt, kept open by it.
pub(super) enum Open {
    Live {
        live: Arc<LiveStorage>,
        redaction: Option<Arc<Redaction>>,
    },
    Fixed(Arc<dyn CrashStorage>),
}

impl Open {
    pub(super) fn get(&self) -> &dyn CrashStorage {
        match self {
            Self::Live { live, .. } => live.open(),
            Self::Fixed(storage) => &**storage,
        }
    }

    /// Without what the generation forbids; no generation, nothing forbidden.
    pub(super) fn redact(&self, processed: ProcessedCrash) -> Result<ProcessedCrash> {
        match self {
            Self::Live {
                redaction: Some(redaction),
                ..
            } => redaction.apply(&processed),
            // Nothing is shown of which it is not known whether it may be.
            Self::Live { .. } => Err(Error::new(
                ErrorKind::Internal,
                "an operation that is not known to read processed crashes asks for the redaction of one",
            )),
            Self::Fixed(_) => Ok(processed),
        }
    }
}

pub(super) fn cancelled(why: &str) -> Error {
    Error::new(ErrorKind::Cancelled, why).with_applied(Applied::Unknown)
}

fn gone() -> Error {
    cancelled(
        "the storage of a replaced configuration has ended; make the operation again, pinned anew if it was pinned",
    )
    .retryable(true)
    .with_applied(Applied::No)
}

fn unpinned() -> Error {
    Error::new(
        ErrorKind::Internal,
        "a composite passed on a context that pins no generation; use the context it was given",
    )
}
