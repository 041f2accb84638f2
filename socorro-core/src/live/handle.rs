mod operation;

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use self::operation::{Open, cancelled};
use super::handover::Pin;
use super::shared::{Claim, Shared};
use crate::context::Context;
use crate::crash::{CrashId, Dump, DumpName, Dumps, ProcessedCrash, RawCrash, StoredId};
use crate::error::{Error, Result};
use crate::storage::{Capabilities, Catalog, CrashStorage, Health, ListPage, ListRequest};
use crate::telemetry::Operation;

/// A named storage, whichever instance stands behind the name right now.
///
/// Cheap to clone, and good for the life of the program: after a reload it leads to the new instance. Each
/// operation pins one generation when it starts and ends in it. A handle carries a context (deadline, trace
/// parent) and admits a bounded number of operations and bytes; beyond that it answers
/// [`Overloaded`](crate::ErrorKind::Overloaded) at once.
///
/// Errors of every operation are those of [`CrashStorage`], after the storage's executor gave up;
/// `InvalidConfig` when a reload removed the name.
#[derive(Clone)]
pub struct StorageHandle {
    target: Target,
    cx: Context,
    to_completion: bool,
}

#[derive(Clone)]
enum Target {
    /// The name in the current generation. The claim keeps a reload from removing the name.
    Current {
        name: Arc<str>,
        shared: Arc<Shared>,
        _claim: Arc<Claim>,
    },
    /// The name in the generation that the context pins: a composite's child.
    Pinned { name: Arc<str> },
    /// One storage, outside any configuration.
    Fixed {
        name: Arc<str>,
        storage: Arc<dyn CrashStorage>,
    },
}

impl StorageHandle {
    pub(super) fn current(name: &str, shared: Arc<Shared>, claim: Arc<Claim>) -> Self {
        let target = Target::Current {
            name: name.into(),
            shared,
            _claim: claim,
        };
        Self {
            target,
            cx: Context::new(),
            to_completion: false,
        }
    }

    /// A handle that a composite holds: it finds its storage in the generation of each operation.
    pub(crate) fn child(name: &str) -> Self {
        Self {
            target: Target::Pinned { name: name.into() },
            cx: Context::new(),
            to_completion: false,
        }
    }

    /// A handle to one storage that no configuration made; nothing is admitted, retried or reloaded.
    pub fn fixed(name: &str, storage: Arc<dyn CrashStorage>) -> Self {
        Self {
            target: Target::Fixed {
                name: name.into(),
                storage,
            },
            cx: Context::new(),
            to_completion: false,
        }
    }

    /// The configured name.
    pub fn name(&self) -> &str {
        match &self.target {
            Target::Current { name, .. } | Target::Pinned { name } | Target::Fixed { name, .. } => {
                name
            }
        }
    }

    /// The same handle whose operations must be over at `deadline`.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Instant) -> Self {
        self.cx = self.cx.with_deadline(deadline);
        self
    }

    /// The same handle whose operations belong to the trace with this W3C `traceparent`.
    #[must_use]
    pub fn with_trace_parent(mut self, trace_parent: impl Into<Arc<str>>) -> Self {
        self.cx = self.cx.with_trace_parent(trace_parent);
        self
    }

    /// The same handle whose operations run to their end even when the caller drops the future, and hold up
    /// a shutdown until its deadline. Needs a tokio runtime around the call.
    #[must_use]
    pub fn to_completion(mut self) -> Self {
        self.to_completion = true;
        self
    }

    /// The same handle inside the operation that `cx` belongs to.
    pub(crate) fn within(&self, cx: &Context) -> Self {
        Self {
            target: self.target.clone(),
            cx: cx.clone(),
            to_completion: false,
        }
    }

    /// The same handle, all its operations in the generation that is current now.
    ///
    /// It keeps that generation's instances open, so it is for one piece of work, not for keeping: a reload
    /// that has to close the storage before it opens another waits for it, and is refused when that takes too
    /// long.
    #[must_use]
    pub fn pinned(mut self) -> Self {
        if let (Target::Current { shared, name, .. }, None) = (&self.target, &self.cx.pin) {
            let pin = Pin::new(shared.pin());
            // While a reload exchanges the storage there is nothing to hold; operations wait then.
            self.cx.pin = Some(pin.clone().hold([&**name]).unwrap_or(pin));
        }
        self
    }

    /// The generation of a [`pinned`](Self::pinned) handle, counted from 1.
    pub fn generation(&self) -> Option<u64> {
        self.cx.pin.as_ref().map(|pin| pin.generation().number())
    }

    /// What the storage can do right now; nothing when a reload removed it.
    pub fn capabilities(&self) -> Capabilities {
        if let Target::Fixed { storage, .. } = &self.target {
            return storage.capabilities();
        }
        let pin = self.pin_of_call();
        pin.map_or(Capabilities::empty(), |pin| {
            pin.generation().capabilities(self.name())
        })
    }

    fn pin_of_call(&self) -> Option<Pin> {
        match (&self.cx.pin, &self.target) {
            (Some(pin), _) => Some(pin.clone()),
            (None, Target::Current { shared, .. }) => Some(Pin::new(shared.pin())),
            (None, Target::Pinned { .. } | Target::Fixed { .. }) => None,
        }
    }

    /// Saves a raw crash with its dumps; durable when it returns. `InvalidInput` over a limit.
    pub async fn save_raw_crash(&self, id: &CrashId, raw: &RawCrash, dumps: &Dumps) -> Result<()> {
        let (id, raw, dumps) = (*id, raw.clone(), dumps.clone());
        let bytes = raw.as_bytes().len() + dumps.bytes_in_memory();
        self.check(&raw, &dumps)
            .await
            .map_err(|error| self.place(error, Operation::SaveRawCrash, &id))?;
        self.call(
            Operation::SaveRawCrash,
            bytes,
            Some(id.into()),
            move |storage, cx| {
                let (raw, dumps) = (raw.clone(), dumps.clone());
                async move { storage.get().save_raw_crash(&cx, &id, &raw, &dumps).await }
            },
        )
        .await
    }

    /// Saves a processed crash; durable when it returns.
    pub async fn save_processed_crash(
        &self,
        id: &CrashId,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        let (id, processed) = (*id, processed.clone());
        let bytes = processed.as_bytes().len();
        self.call(
            Operation::SaveProcessedCrash,
            bytes,
            Some(id.into()),
            move |storage, cx| {
                let processed = processed.clone();
                async move {
                    storage
                        .get()
                        .save_processed_crash(&cx, &id, &processed)
                        .await
                }
            },
        )
        .await
    }

    /// Saves all there is of a crash; durable when it returns.
    pub async fn save_raw_and_processed(
        &self,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        let (id, raw, dumps, processed) = (*id, raw.clone(), dumps.clone(), processed.clone());
        let bytes = raw.as_bytes().len() + dumps.bytes_in_memory() + processed.as_bytes().len();
        self.check(&raw, &dumps)
            .await
            .map_err(|error| self.place(error, Operation::SaveRawAndProcessed, &id))?;
        self.call(
            Operation::SaveRawAndProcessed,
            bytes,
            Some(id.into()),
            move |storage, cx| {
                let (raw, dumps, processed) = (raw.clone(), dumps.clone(), processed.clone());
                async move {
                    storage
                        .get()
                        .save_raw_and_processed(&cx, &id, &raw, &dumps, &processed)
                        .await
                }
            },
        )
        .await
    }

    /// The raw crash.
    pub async fn get_raw_crash(&self, id: impl Into<StoredId>) -> Result<RawCrash> {
        self.read(
            Operation::GetRawCrash,
            id.into(),
            |storage, cx, id| async move { storage.get().get_raw_crash(&cx, &id).await },
        )
        .await
    }

    /// One dump.
    pub async fn get_dump(&self, id: impl Into<StoredId>, name: &DumpName) -> Result<Bytes> {
        let name = name.clone();
        self.read(Operation::GetDump, id.into(), move |storage, cx, id| {
            let name = name.clone();
            async move { storage.get().get_dump(&cx, &id, &name).await }
        })
        .await
    }

    /// All dumps, in memory.
    pub async fn get_dumps(&self, id: impl Into<StoredId>) -> Result<Dumps> {
        self.read(
            Operation::GetDumps,
            id.into(),
            |storage, cx, id| async move { storage.get().get_dumps(&cx, &id).await },
        )
        .await
    }

    /// All dumps, as files `ID.NAME.dump` in `directory`, which belong to the caller.
    pub async fn get_dumps_as_files(
        &self,
        id: impl Into<StoredId>,
        directory: &Path,
    ) -> Result<Dumps> {
        let directory: Arc<Path> = directory.into();
        self.read(
            Operation::GetDumpsAsFiles,
            id.into(),
            move |storage, cx, id| {
                let directory = directory.clone();
                async move { storage.get().get_dumps_as_files(&cx, &id, &directory).await }
            },
        )
        .await
    }

    /// The processed crash without the fields that `[redaction]` forbids.
    pub async fn get_processed_crash(&self, id: impl Into<StoredId>) -> Result<ProcessedCrash> {
        self.read(
            Operation::GetProcessedCrash,
            id.into(),
            |storage, cx, id| async move {
                let whole = storage.get().get_unredacted_processed_crash(&cx, &id);
                storage.redact(whole.await?)
            },
        )
        .await
    }

    /// The processed crash, sensitive fields included.
    pub async fn get_unredacted_processed_crash(
        &self,
        id: impl Into<StoredId>,
    ) -> Result<ProcessedCrash> {
        self.read(
            Operation::GetProcessedCrash,
            id.into(),
            |storage, cx, id| async move {
                storage.get().get_unredacted_processed_crash(&cx, &id).await
            },
        )
        .await
    }

    /// What there is of a crash.
    pub async fn catalog(&self, id: impl Into<StoredId>) -> Result<Catalog> {
        self.read(
            Operation::Catalog,
            id.into(),
            |storage, cx, id| async move { storage.get().catalog(&cx, &id).await },
        )
        .await
    }

    /// One page of ids; see [`CrashStorage::list`].
    pub async fn list(&self, request: &ListRequest) -> Result<ListPage> {
        let request = request.clone();
        self.call(Operation::List, 0, None, move |storage, cx| {
            let request = request.clone();
            async move { storage.get().list(&cx, &request).await }
        })
        .await
    }

    /// Removes all there is of a crash.
    pub async fn delete(&self, id: impl Into<StoredId>) -> Result<()> {
        self.read(Operation::Delete, id.into(), |storage, cx, id| async move {
            storage.get().delete(&cx, &id).await
        })
        .await
    }

    /// Whether the backend can be used. Not retried.
    pub async fn health(&self) -> Result<Health> {
        self.call(Operation::Health, 0, None, |storage, cx| async move {
            storage.get().health(&cx).await
        })
        .await
    }

    /// Checks the limits, once for an operation: what a composite passes on to its children was checked.
    async fn check(&self, raw: &RawCrash, dumps: &Dumps) -> Result<()> {
        let Target::Current { shared, .. } = &self.target else {
            return Ok(());
        };
        let limits = match &self.cx.pin {
            Some(pin) => pin.generation().limits(),
            None => shared.pin().limits(),
        };
        if !dumps.iter().any(|(_, dump)| matches!(dump, Dump::File(_))) {
            return limits.check(raw, dumps);
        }
        // The sizes of files are looked up on disk.
        let (raw, dumps) = (raw.clone(), dumps.clone());
        tokio::task::spawn_blocking(move || limits.check(&raw, &dumps))
            .await
            .unwrap_or_else(|_| Err(cancelled("the program is shutting down")))
    }

    async fn read<T, F, Fut>(&self, operation: Operation, id: StoredId, attempt: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(Open, Context, StoredId) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T>> + Send + 'static,
    {
        let wanted = id.clone();
        self.call(operation, 0, Some(id), move |storage, cx| {
            attempt(storage, cx, wanted.clone())
        })
        .await
    }

    async fn call<T, F, Fut>(
        &self,
        operation: Operation,
        bytes: usize,
        id: Option<StoredId>,
        attempt: F,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(Open, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T>> + Send + 'static,
    {
        let call = self.clone().perform(operation, bytes, attempt);
        let result = if self.to_completion {
            tokio::spawn(call)
                .await
                .unwrap_or_else(|_| Err(cancelled("the program is shutting down")))
        } else {
            call.await
        };
        result.map_err(|error| {
            let error = error.in_operation(operation.name()).at_storage(self.name());
            match id {
                Some(id) => error.for_crash(id),
                None => error,
            }
        })
    }

    fn place(&self, error: Error, operation: Operation, id: &CrashId) -> Error {
        error
            .in_operation(operation.name())
            .at_storage(self.name())
            .for_crash(id)
    }
}

impl fmt::Debug for StorageHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StorageHandle({})", self.name())
    }
}
