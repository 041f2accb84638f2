//! The loaded plugin keeping documents alone.

use anyhow::Result;
use async_trait::async_trait;
use socorro_benches::crashes::Crash;
use socorro_benches::servers::ours::Ours;
use socorro_benches::servers::peer::Peer;
use socorro_core::crash::{CrashId, Dumps, StoredId};

pub(crate) struct Documents(pub(crate) Ours);

#[async_trait]
impl Peer for Documents {
    fn title(&self) -> &'static str {
        self.0.title()
    }

    async fn save(&self, id: &CrashId, crash: &Crash) -> Result<()> {
        let handle = self.0.handle();
        Ok(handle.save_raw_crash(id, &crash.raw, &Dumps::new()).await?)
    }

    async fn read(&self, id: &CrashId) -> Result<usize> {
        let raw = self.0.handle().get_raw_crash(&StoredId::from(id)).await?;
        Ok(raw.as_bytes().len())
    }

    async fn delete(&self, id: &CrashId) -> Result<()> {
        self.0.delete(id).await
    }

    fn size(&self, crash: &Crash) -> usize {
        crash.raw.as_bytes().len()
    }
}
