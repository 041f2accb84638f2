//! Who saves and reads.

use anyhow::Result;
use async_trait::async_trait;
use socorro_core::crash::CrashId;

use crate::crashes::Crash;

/// One way to keep crashes on the server that is measured.
#[async_trait]
pub trait Peer: Send + Sync {
    /// What the table calls it.
    fn title(&self) -> &'static str;

    /// Saves one; it is kept when this returns.
    async fn save(&self, id: &CrashId, crash: &Crash) -> Result<()>;

    /// Reads all of one back and says how many bytes that were.
    async fn read(&self, id: &CrashId) -> Result<usize>;

    /// Takes it off the server. Not measured.
    async fn delete(&self, id: &CrashId) -> Result<()>;

    /// The bytes that [`read`](Self::read) has to bring back.
    fn size(&self, crash: &Crash) -> usize {
        crash.raw.as_bytes().len() + crash.dump.len()
    }
}
