use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::json;
use socorro_core::conformance::data::Maker;
use socorro_core::conformance::{self, SourceSubject};
use socorro_core::crash::{CrashId, Dumps};
use socorro_core::plugin::PluginStorage;
use socorro_core::source::NewCrashSource;
use socorro_core::storage::CrashStorage;
use socorro_core::{Context, Result, async_trait};
use tempfile::TempDir;

use crate::loaded;

async fn save(storage: &dyn CrashStorage, ids: &[CrashId]) -> Result<()> {
    let raw = Maker::new(1).raw()?;
    for id in ids {
        storage
            .save_raw_crash(&Context::new(), id, &raw, &Dumps::new())
            .await?;
    }
    Ok(())
}

/// Queues in memory, each kept by the storage that feeds it.
#[derive(Default)]
struct Memory(Mutex<HashMap<String, PluginStorage>>);

impl Memory {
    async fn feeder(&self, case: &str) -> Result<PluginStorage> {
        let known = self.0.lock().unwrap().get(case).cloned();
        if let Some(storage) = known {
            return Ok(storage);
        }
        let storage = loaded::storage("memory", &json!({ "queue": case })).await?;
        let mut feeders = self.0.lock().unwrap();
        feeders.insert(case.to_owned(), storage.clone());
        Ok(storage)
    }
}

#[async_trait]
impl SourceSubject for Memory {
    async fn open(&self, case: &str) -> Result<Arc<dyn NewCrashSource>> {
        self.feeder(case).await?;
        Ok(Arc::new(
            loaded::source("memory", &json!({ "queue": case })).await?,
        ))
    }

    async fn feed(&self, case: &str, ids: &[CrashId]) -> Result<()> {
        save(&self.feeder(case).await?, ids).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory() {
    loaded::build("memory");
    let report = conformance::source(&Memory::default()).await;
    report.assert();
    assert_eq!(report.not_applicable().next(), None, "{report}");
}

/// Date trees on disk.
struct Filesystem(TempDir);

#[async_trait]
impl SourceSubject for Filesystem {
    async fn open(&self, case: &str) -> Result<Arc<dyn NewCrashSource>> {
        let root = self.0.path().join(case);
        let options = json!({ "root": root, "poll": "10ms", "redeliver_after": "1s" });
        Ok(Arc::new(loaded::source("filesystem", &options).await?))
    }

    async fn feed(&self, case: &str, ids: &[CrashId]) -> Result<()> {
        let options = json!({ "root": self.0.path().join(case), "layout": "dated_radix" });
        save(&loaded::storage("filesystem", &options).await?, ids).await
    }

    /// One at a time takes crashes from a tree.
    fn is_shared(&self) -> bool {
        false
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filesystem() {
    loaded::build("filesystem");
    let trees = Filesystem(tempfile::tempdir().unwrap());
    conformance::source(&trees).await.assert();
}
