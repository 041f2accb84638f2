use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::crash::CrashId;
use crate::error::Result;
use crate::source::NewCrashSource;
use crate::storage::CrashStorage;

/// How the suite gets at a storage.
#[async_trait]
pub trait StorageSubject: Send + Sync {
    /// A new instance for one case; the suite closes it.
    ///
    /// Its data may be the case's own (`case` is a plain file name, good for a directory or prefix) or shared
    /// by all cases, which use ids and days of their own. It holds nothing when the suite starts.
    async fn open(&self, case: &str) -> Result<Arc<dyn CrashStorage>>;

    /// Another instance on the data of the instance that [`open`](Self::open) made last for this case, which
    /// has been closed. `None` when the data does not outlive its instance.
    async fn reopen(&self, case: &str) -> Option<Result<Arc<dyn CrashStorage>>> {
        let _ = case;
        None
    }

    /// The cases that this storage knowingly does not satisfy, and why. A name that no case has is a failure.
    fn waived(&self) -> &[(&'static str, &'static str)] {
        &[]
    }

    /// How long one case may take; it also is the deadline of each operation. 60 s by default.
    fn patience(&self) -> Duration {
        Duration::from_secs(60)
    }

    /// What all data is made from. Another seed makes other ids, for a store that was not emptied since the
    /// last run.
    fn seed(&self) -> u64 {
        0
    }
}

/// How the suite gets at a source of new crashes.
#[async_trait]
pub trait SourceSubject: Send + Sync {
    /// A new instance on the queue of one case; the suite closes it. The queue is the case's own, and empty
    /// when the case starts; `case` is a plain file name.
    async fn open(&self, case: &str) -> Result<Arc<dyn NewCrashSource>>;

    /// Puts new crashes into the queue of a case as their producer would. When this returns, a receive that
    /// starts afterwards sees them.
    async fn feed(&self, case: &str, ids: &[CrashId]) -> Result<()>;

    /// Whether two instances may work on one queue at the same time. True by default.
    fn is_shared(&self) -> bool {
        true
    }

    /// See [`StorageSubject::waived`].
    fn waived(&self) -> &[(&'static str, &'static str)] {
        &[]
    }

    /// See [`StorageSubject::patience`].
    fn patience(&self) -> Duration {
        Duration::from_secs(60)
    }

    /// See [`StorageSubject::seed`].
    fn seed(&self) -> u64 {
        0
    }
}
