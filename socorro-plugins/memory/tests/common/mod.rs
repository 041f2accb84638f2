//! Memory as the subject of the conformance suite, as it is or through a wrapper.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "help for tests, each of which uses its own part"
)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use socorro_core::conformance::{SourceSubject, StorageSubject};
use socorro_core::crash::{CrashId, Dumps, Limits, RawCrash};
use socorro_core::source::NewCrashSource;
use socorro_core::storage::CrashStorage;
use socorro_core::{Context, Result, async_trait};
use socorro_plugin_memory::{MemorySource, MemorySourceConfig, MemoryStorage, MemoryStorageConfig};

pub(crate) type Wrap<T> = Box<dyn Fn(Arc<T>) -> Arc<T> + Send + Sync>;

/// Opens storages in memory and wraps them.
pub(crate) struct Storages {
    pub(crate) wrap: Wrap<dyn CrashStorage>,
    /// What `reopen` wraps again; `None` for storages that do not outlive their instance.
    kept: Option<Mutex<HashMap<String, Arc<MemoryStorage>>>>,
}

impl Storages {
    /// Storages that forget when they are closed.
    pub(crate) fn forgetful() -> Self {
        Self {
            wrap: Box::new(|memory| memory),
            kept: None,
        }
    }

    /// Storages that can be opened again; the wrapper has to keep `close` from them.
    pub(crate) fn lasting(wrap: Wrap<dyn CrashStorage>) -> Self {
        Self {
            wrap,
            kept: Some(Mutex::default()),
        }
    }
}

#[async_trait]
impl StorageSubject for Storages {
    async fn open(&self, case: &str) -> Result<Arc<dyn CrashStorage>> {
        let memory = Arc::new(MemoryStorage::new(MemoryStorageConfig::default())?);
        if let Some(kept) = &self.kept {
            kept.lock().unwrap().insert(case.to_owned(), memory.clone());
        }
        Ok((self.wrap)(memory))
    }

    async fn reopen(&self, case: &str) -> Option<Result<Arc<dyn CrashStorage>>> {
        let kept = self.kept.as_ref()?.lock().unwrap();
        let memory = kept.get(case).cloned()?;
        Some(Ok((self.wrap)(memory)))
    }
}

/// Opens sources in memory, each on a queue of its own, and wraps them.
pub(crate) struct Sources {
    pub(crate) wrap: Wrap<dyn NewCrashSource>,
    prefix: &'static str,
    /// One for each case: what the queue is fed by, and what keeps it while no source is open.
    storages: Mutex<HashMap<String, Arc<MemoryStorage>>>,
}

impl Sources {
    pub(crate) fn new(prefix: &'static str, wrap: Wrap<dyn NewCrashSource>) -> Self {
        Self {
            wrap,
            prefix,
            storages: Mutex::default(),
        }
    }

    fn queue(&self, case: &str) -> String {
        format!("{}.{case}", self.prefix)
    }

    fn storage(&self, case: &str) -> Result<Arc<MemoryStorage>> {
        let mut storages = self.storages.lock().unwrap();
        if let Some(storage) = storages.get(case) {
            return Ok(storage.clone());
        }
        let storage = Arc::new(MemoryStorage::new(MemoryStorageConfig {
            queue: Some(self.queue(case)),
            ..Default::default()
        })?);
        storages.insert(case.to_owned(), storage.clone());
        Ok(storage)
    }
}

#[async_trait]
impl SourceSubject for Sources {
    async fn open(&self, case: &str) -> Result<Arc<dyn NewCrashSource>> {
        self.storage(case)?;
        let queue = self.queue(case);
        let memory = MemorySource::new(&MemorySourceConfig { queue })?;
        Ok((self.wrap)(Arc::new(memory)))
    }

    async fn feed(&self, case: &str, ids: &[CrashId]) -> Result<()> {
        let storage = self.storage(case)?;
        for id in ids {
            let raw = RawCrash::new("{}", &Limits::default())?;
            storage
                .save_raw_crash(&Context::new(), id, &raw, &Dumps::new())
                .await?;
        }
        Ok(())
    }
}
