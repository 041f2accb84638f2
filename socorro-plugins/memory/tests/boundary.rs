//! Memory does the same through the plugin boundary.
#![allow(clippy::unwrap_used, reason = "help for tests")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::json;
use socorro_core::conformance::data::Maker;
use socorro_core::conformance::{self, SourceSubject, StorageSubject};
use socorro_core::crash::{CrashId, Dumps};
use socorro_core::plugin::{OpenOptions, Plugin, PluginStorage};
use socorro_core::source::NewCrashSource;
use socorro_core::storage::CrashStorage;
use socorro_core::{Context, Result, async_trait};
use socorro_plugin_memory::PLUGIN;

async fn open_storage(options: serde_json::Value) -> Result<PluginStorage> {
    let plugin = Plugin::from_static(PLUGIN)?;
    plugin
        .open_storage("memory", &options, &OpenOptions::default())
        .await
}

/// Memory behind the boundary. A case's storage feeds its queue, and keeps it while no source is open.
#[derive(Default)]
struct Memory(Mutex<HashMap<String, PluginStorage>>);

#[async_trait]
impl StorageSubject for Memory {
    async fn open(&self, _case: &str) -> Result<Arc<dyn CrashStorage>> {
        Ok(Arc::new(
            open_storage(json!({ "max_bytes": "64MiB" })).await?,
        ))
    }
}

impl Memory {
    async fn feeder(&self, case: &str) -> Result<PluginStorage> {
        let known = self.0.lock().unwrap().get(case).cloned();
        if let Some(storage) = known {
            return Ok(storage);
        }
        let storage = open_storage(json!({ "queue": case })).await?;
        let mut feeders = self.0.lock().unwrap();
        feeders.insert(case.to_owned(), storage.clone());
        Ok(storage)
    }
}

#[async_trait]
impl SourceSubject for Memory {
    async fn open(&self, case: &str) -> Result<Arc<dyn NewCrashSource>> {
        self.feeder(case).await?;
        let plugin = Plugin::from_static(PLUGIN)?;
        let (options, open) = (json!({ "queue": case }), OpenOptions::default());
        Ok(Arc::new(
            plugin.open_source("memory", &options, &open).await?,
        ))
    }

    async fn feed(&self, case: &str, ids: &[CrashId]) -> Result<()> {
        let storage = self.feeder(case).await?;
        let raw = Maker::new(1).raw()?;
        for id in ids {
            storage
                .save_raw_crash(&Context::new(), id, &raw, &Dumps::new())
                .await?;
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn storage() {
    conformance::storage(&Memory::default()).await.assert();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn source() {
    conformance::source(&Memory::default()).await.assert();
}
