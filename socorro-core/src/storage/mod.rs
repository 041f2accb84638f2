//! The trait that every backend and every composite implements.
//!
//! # The contract of a storage
//!
//! * **Idempotent.** Saving the same id again with equal bytes succeeds and changes nothing; with other
//!   bytes it replaces the whole set. Deleting what is not there succeeds.
//! * **Atomic per item, raw crash last.** Once [`get_raw_crash`](CrashStorage::get_raw_crash) finds a crash,
//!   all its dumps are there. A save that failed or was cut short leaves no raw crash of its own behind.
//! * **Durable before it returns.** `Ok` from a save means the crash survives SIGKILL of every process and,
//!   for a backend that promises it, power loss.
//! * **Cancel safe.** Dropping the future of an operation asks for its cancellation; a write may have landed
//!   or not, but never by half.
//! * **No retries.** A storage tries once and says in its error whether trying again can help; the
//!   [executor](crate::transaction) that the host put in front of it decides.

mod capabilities;
mod catalog;
mod health;
mod list;

pub use capabilities::Capabilities;
pub use catalog::{Catalog, CatalogEntry, Part};
pub use health::{Check, Health};
pub use list::{ListPage, ListRequest};

use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;

use crate::context::Context;
use crate::crash::{CrashId, DumpName, Dumps, ProcessedCrash, RawCrash, Redaction, StoredId};
use crate::error::{Error, ErrorKind, Result};

/// A place where crashes are kept. See the [module](self) for what an implementation promises.
///
/// Every method but [`capabilities`](Self::capabilities) has a default that answers
/// [`Unsupported`](ErrorKind::Unsupported), so that a store implements what it can do and says so. A wrapper
/// or composite must forward all of them: put `#[deny(clippy::missing_trait_methods)]` on its `impl`.
///
/// Errors of every method: `Unavailable`, `Timeout`, `Throttled` or `PermissionDenied` for the store as a
/// whole; `Unsupported` where [`capabilities`](Self::capabilities) does not name it; those named below.
#[async_trait]
pub trait CrashStorage: Send + Sync + 'static {
    /// What this store can do. Constant for the life of an instance, cheap, never fails.
    fn capabilities(&self) -> Capabilities;

    /// Saves a raw crash with its dumps, durably, the raw crash last.
    ///
    /// `InvalidInput` when a dump that is given as a file cannot be read.
    async fn save_raw_crash(
        &self,
        cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
    ) -> Result<()> {
        let _ = (cx, raw, dumps);
        Err(unsupported("save_raw_crash").for_crash(id))
    }

    /// Saves a processed crash, durably. Needs no raw crash beside it.
    async fn save_processed_crash(
        &self,
        cx: &Context,
        id: &CrashId,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        let _ = (cx, processed);
        Err(unsupported("save_processed_crash").for_crash(id))
    }

    /// Saves all there is of a crash: the raw crash with its dumps, then the processed crash.
    async fn save_raw_and_processed(
        &self,
        cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        self.save_raw_crash(cx, id, raw, dumps).await?;
        self.save_processed_crash(cx, id, processed).await
    }

    /// The raw crash, its exact bytes. `NotFound`, `Corrupt`.
    async fn get_raw_crash(&self, cx: &Context, id: &StoredId) -> Result<RawCrash> {
        let _ = cx;
        Err(unsupported("get_raw_crash").for_crash(id))
    }

    /// One dump, its exact bytes. `NotFound`.
    async fn get_dump(&self, cx: &Context, id: &StoredId, name: &DumpName) -> Result<Bytes> {
        let _ = (cx, name);
        Err(unsupported("get_dump").for_crash(id))
    }

    /// All dumps of a crash, in memory; none is an empty set. `NotFound` when the crash itself is not there.
    async fn get_dumps(&self, cx: &Context, id: &StoredId) -> Result<Dumps> {
        let _ = cx;
        Err(unsupported("get_dumps").for_crash(id))
    }

    /// All dumps of a crash, each written to a file `ID.NAME.dump` in `directory`, which exists. The files
    /// belong to the caller.
    ///
    /// Goes through memory unless the store does better.
    async fn get_dumps_as_files(
        &self,
        cx: &Context,
        id: &StoredId,
        directory: &Path,
    ) -> Result<Dumps> {
        let dumps = self.get_dumps(cx, id).await?;
        dumps.write_to(id, directory)
    }

    /// The processed crash, its exact bytes, sensitive fields included. `NotFound`, `Corrupt`.
    async fn get_unredacted_processed_crash(
        &self,
        cx: &Context,
        id: &StoredId,
    ) -> Result<ProcessedCrash> {
        let _ = cx;
        Err(unsupported("get_processed_crash").for_crash(id))
    }

    /// The processed crash without the fields that `redaction` forbids, on a copy. Not to be overridden.
    async fn get_processed_crash(
        &self,
        cx: &Context,
        id: &StoredId,
        redaction: &Redaction,
    ) -> Result<ProcessedCrash> {
        let processed = self.get_unredacted_processed_crash(cx, id).await?;
        redaction.apply(&processed)
    }

    /// What there is of a crash. A crash of which nothing is there has an empty catalog.
    async fn catalog(&self, cx: &Context, id: &StoredId) -> Result<Catalog> {
        let _ = cx;
        Err(unsupported("catalog").for_crash(id))
    }

    /// One page of the ids whose own date lies in the days asked for, ascending by (day, id). Lists raw
    /// crashes and crashes of which only the processed part is there.
    async fn list(&self, cx: &Context, request: &ListRequest) -> Result<ListPage> {
        let _ = (cx, request);
        Err(unsupported("list"))
    }

    /// Removes all there is of a crash, the raw crash first, and nothing of any other. What is not there
    /// is no error.
    async fn delete(&self, cx: &Context, id: &StoredId) -> Result<()> {
        let _ = cx;
        Err(unsupported("delete").for_crash(id))
    }

    /// Whether the backend can be used, told apart. An unreachable backend is an answer, not an error.
    async fn health(&self, cx: &Context) -> Result<Health> {
        let _ = cx;
        Ok(Health::unknown())
    }

    /// Lets go of connections after what was accepted is durable. Called once, after the last operation.
    async fn close(&self, cx: &Context) -> Result<()> {
        let _ = cx;
        Ok(())
    }
}

fn unsupported(operation: &'static str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("this storage does not support {operation}"),
    )
    .in_operation(operation)
}
