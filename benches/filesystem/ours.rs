//! The loaded plugin, as a service has it: behind a handle of a running program.

use std::path::Path;

use anyhow::Result;
use serde_json::json;
use socorro_benches::crashes::Crash;
use socorro_core::config::Layers;
use socorro_core::crash::{CrashId, Dumps};
use socorro_core::live::{Socorro, StorageHandle};

pub(crate) struct Ours {
    socorro: Socorro,
    handle: StorageHandle,
}

impl Ours {
    pub(crate) async fn open(root: &Path, plugins: &Path) -> Result<Self> {
        let layers = Layers::new().defaults(json!({
            "plugins": { "path": [plugins] },
            "storage": { "disk": { "type": "filesystem", "root": root } },
        }));
        let socorro = Socorro::start(layers).await?;
        let handle = socorro.storage("disk")?;
        Ok(Self { socorro, handle })
    }

    pub(crate) async fn close(self) {
        drop(self.handle);
        self.socorro.shutdown().await;
    }

    pub(crate) fn saver(&self) -> Saver {
        Saver(self.handle.clone())
    }
}

/// One caller.
#[derive(Clone)]
pub(crate) struct Saver(StorageHandle);

impl Saver {
    pub(crate) async fn save(&self, id: &CrashId, crash: &Crash) -> Result<()> {
        let dumps = Dumps::single(crash.dump.clone());
        Ok(self.0.save_raw_crash(id, &crash.raw, &dumps).await?)
    }
}
