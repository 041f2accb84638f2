use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;
use socorro_core::crash::{CrashId, Dump, DumpName, Dumps, ProcessedCrash, RawCrash, StoredId};
use socorro_core::plugin::author::{OpenContext, StoragePlugin};
use socorro_core::storage::{Capabilities, Catalog, CrashStorage, Health, ListPage, ListRequest};
use socorro_core::{Bytes, Context, Error, ErrorKind, Result};

use crate::config::MemoryStorageConfig;
use crate::dumps::in_memory;
use crate::queue::Queue;
use crate::shelf::{Crash, Shelf};

/// A storage in memory: everything but durable. Reads share the bytes that were saved.
///
/// A save beyond `max_bytes` or `max_crashes` fails with `Unavailable`, because deleting helps, and changes
/// nothing; a crash that alone is larger than `max_bytes` is `InvalidInput`.
pub struct MemoryStorage {
    shelf: RwLock<Shelf>,
    max_bytes: u64,
    queue: Option<Arc<Queue>>,
}

impl MemoryStorage {
    /// An empty storage.
    ///
    /// `InvalidConfig` when the queue's name is empty.
    pub fn new(config: MemoryStorageConfig) -> Result<Self> {
        Ok(Self {
            shelf: RwLock::new(Shelf::new(config.max_bytes.0, config.max_crashes)),
            max_bytes: config.max_bytes.0,
            queue: config.queue.as_deref().map(Queue::named).transpose()?,
        })
    }

    fn read(&self) -> RwLockReadGuard<'_, Shelf> {
        self.shelf.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Shelf> {
        self.shelf.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, id: &CrashId, crash: Crash) -> Result<()> {
        let news = self.queue.as_ref().filter(|_| crash.raw.is_some());
        let mut shelf = self.write();
        let Some(queue) = news else {
            return shelf.put(id, crash).map(drop);
        };
        queue.check_room()?;
        if shelf.put(id, crash)? {
            queue.push(*id);
        }
        Ok(())
    }

    fn raw_and_dumps(&self, id: &StoredId) -> Result<(RawCrash, Dumps)> {
        let found = self.read().get(id).and_then(|crash| crash.raw.clone());
        found.ok_or_else(|| not_found("the raw crash", id))
    }
}

#[async_trait]
impl CrashStorage for MemoryStorage {
    fn capabilities(&self) -> Capabilities {
        Self::CAPABILITIES
    }

    async fn save_raw_crash(
        &self,
        _cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
    ) -> Result<()> {
        let dumps = in_memory(dumps, self.max_bytes).await?;
        let crash = Crash {
            raw: Some((raw.clone(), dumps)),
            processed: None,
        };
        self.put(id, crash)
    }

    async fn save_processed_crash(
        &self,
        _cx: &Context,
        id: &CrashId,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        let crash = Crash {
            raw: None,
            processed: Some(processed.clone()),
        };
        self.put(id, crash)
    }

    async fn save_raw_and_processed(
        &self,
        _cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        let dumps = in_memory(dumps, self.max_bytes).await?;
        let crash = Crash {
            raw: Some((raw.clone(), dumps)),
            processed: Some(processed.clone()),
        };
        self.put(id, crash)
    }

    async fn get_raw_crash(&self, _cx: &Context, id: &StoredId) -> Result<RawCrash> {
        self.raw_and_dumps(id).map(|(raw, _)| raw)
    }

    async fn get_dump(&self, _cx: &Context, id: &StoredId, name: &DumpName) -> Result<Bytes> {
        let (_, dumps) = self.raw_and_dumps(id)?;
        match dumps.get(name) {
            Some(Dump::Bytes(bytes)) => Ok(bytes.clone()),
            _ => Err(not_found(&format!("the dump {name:?}"), id)),
        }
    }

    async fn get_dumps(&self, _cx: &Context, id: &StoredId) -> Result<Dumps> {
        self.raw_and_dumps(id).map(|(_, dumps)| dumps)
    }

    async fn get_dumps_as_files(
        &self,
        _cx: &Context,
        id: &StoredId,
        directory: &Path,
    ) -> Result<Dumps> {
        let (_, dumps) = self.raw_and_dumps(id)?;
        let (id, directory) = (id.clone(), directory.to_owned());
        tokio::task::spawn_blocking(move || dumps.write_to(&id, &directory))
            .await
            .map_err(|error| {
                Error::new(ErrorKind::Internal, "writing the dump files ended early")
                    .caused_by(&error)
            })?
    }

    async fn get_unredacted_processed_crash(
        &self,
        _cx: &Context,
        id: &StoredId,
    ) -> Result<ProcessedCrash> {
        let found = self
            .read()
            .get(id)
            .and_then(|crash| crash.processed.clone());
        found.ok_or_else(|| not_found("the processed crash", id))
    }

    async fn catalog(&self, _cx: &Context, id: &StoredId) -> Result<Catalog> {
        Ok(self.read().get(id).map(Crash::catalog).unwrap_or_default())
    }

    async fn list(&self, _cx: &Context, request: &ListRequest) -> Result<ListPage> {
        Ok(self.read().list(request))
    }

    async fn delete(&self, _cx: &Context, id: &StoredId) -> Result<()> {
        let mut shelf = self.write();
        shelf.remove(id);
        if let (Some(queue), Some(id)) = (&self.queue, id.crash_id()) {
            queue.forget(&id);
        }
        Ok(())
    }

    async fn health(&self, _cx: &Context) -> Result<Health> {
        Ok(Health::ok())
    }

    async fn close(&self, _cx: &Context) -> Result<()> {
        self.write().clear();
        Ok(())
    }
}

#[async_trait]
impl StoragePlugin for MemoryStorage {
    type Config = MemoryStorageConfig;

    const CAPABILITIES: Capabilities = Capabilities::FULL;

    async fn open(config: Self::Config, _cx: &OpenContext) -> Result<Self> {
        Self::new(config)
    }
}

fn not_found(what: &str, id: &StoredId) -> Error {
    Error::new(ErrorKind::NotFound, format!("{what} is not in memory")).for_crash(id)
}
