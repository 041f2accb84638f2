use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use socorro_core::async_trait;
use socorro_core::context::Context;
use socorro_core::crash::{CrashId, DumpName, Dumps, ProcessedCrash, RawCrash, StoredId};
use socorro_core::error::Result;
use socorro_core::plugin::Resource;
use socorro_core::plugin::author::{OpenContext, StoragePlugin};
use socorro_core::storage::{Capabilities, Catalog, CrashStorage, Health, ListPage, ListRequest};

use crate::blocking::Blocking;
use crate::config::StorageConfig;
use crate::disk::{Disk, RealDisk};
use crate::store::{Clock, Store, Swept};

/// A directory tree of crashes. See the [crate](crate) for what it promises.
///
/// Operations run on the blocking threads of the current tokio runtime. Dropping the future of one does not
/// stop it: a save that began ends whole, whether or not somebody still waits for it.
pub struct FilesystemStorage {
    store: Arc<Store>,
    blocking: Blocking,
}

/// Links of the date tree looked at when a storage opens: a large backlog must not delay a start.
const LINKS_AT_OPEN: usize = 10_000;

impl FilesystemStorage {
    pub(crate) async fn with(
        config: StorageConfig,
        name: &str,
        disk: Arc<dyn Disk>,
        clock: Clock,
    ) -> Result<Self> {
        let blocking = Blocking::new(name);
        let cx = Context::new();
        let opened = blocking.run(&cx, "open", None, move || {
            let store = Store::open(&config.root, config.layout, disk, clock)?;
            match store.sweep(config.sweep_after.0, LINKS_AT_OPEN) {
                Ok(swept) if swept != Swept::default() => {
                    tracing::info!(?swept, "put in order what interrupted saves left");
                }
                Ok(_) => {}
                // A tree that can only be read is a good place to copy from.
                Err(error) => tracing::warn!(%error, "leftovers of interrupted saves stay"),
            }
            Ok(store)
        });
        let store = opened.await?;
        Ok(Self {
            store: Arc::new(store),
            blocking,
        })
    }

    /// Puts in order what saves that were cut short left, of this process or another: replacements at
    /// once, everything else once it is `age` old. Also removes links of the date tree that have led to no
    /// crash for a day. Saves at work are left alone.
    ///
    /// # Errors
    /// Those of every operation that writes; see the [crate](crate).
    pub async fn sweep(&self, cx: &Context, age: Duration) -> Result<Swept> {
        self.run(cx, "sweep", None, move |store| store.sweep(age, usize::MAX))
            .await
    }

    async fn run<T: Send + 'static>(
        &self,
        cx: &Context,
        operation: &'static str,
        id: Option<&StoredId>,
        work: impl FnOnce(&Store) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = Arc::clone(&self.store);
        self.blocking
            .run(cx, operation, id, move || work(&store))
            .await
    }
}

#[async_trait]
impl StoragePlugin for FilesystemStorage {
    type Config = StorageConfig;

    fn resources(config: &StorageConfig) -> Result<Vec<Resource>> {
        config.resources()
    }

    async fn open(config: StorageConfig, cx: &OpenContext) -> Result<Self> {
        let clock = Arc::new(SystemTime::now);
        Self::with(config, &cx.name, Arc::new(RealDisk), clock).await
    }
}

#[async_trait]
impl CrashStorage for FilesystemStorage {
    fn capabilities(&self) -> Capabilities {
        Capabilities::FULL | Capabilities::DURABLE
    }

    async fn save_raw_crash(
        &self,
        cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
    ) -> Result<()> {
        let (id, raw, dumps) = (*id, raw.clone(), dumps.clone());
        self.run(cx, "save_raw_crash", Some(&id.into()), move |store| {
            store.save_raw(&id, &raw, &dumps)
        })
        .await
    }

    async fn save_processed_crash(
        &self,
        cx: &Context,
        id: &CrashId,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        let (id, processed) = (*id, processed.clone());
        self.run(cx, "save_processed_crash", Some(&id.into()), move |store| {
            store.save_processed(&id, &processed)
        })
        .await
    }

    async fn get_raw_crash(&self, cx: &Context, id: &StoredId) -> Result<RawCrash> {
        let own = id.clone();
        self.run(cx, "get_raw_crash", Some(id), move |store| {
            store.get_raw(&own)
        })
        .await
    }

    async fn get_dump(&self, cx: &Context, id: &StoredId, name: &DumpName) -> Result<Bytes> {
        let (own, name) = (id.clone(), name.clone());
        self.run(cx, "get_dump", Some(id), move |store| {
            store.get_dump(&own, &name)
        })
        .await
    }

    async fn get_dumps(&self, cx: &Context, id: &StoredId) -> Result<Dumps> {
        let own = id.clone();
        self.run(cx, "get_dumps", Some(id), move |store| {
            store.get_dumps(&own)
        })
        .await
    }

    async fn get_dumps_as_files(
        &self,
        cx: &Context,
        id: &StoredId,
        directory: &Path,
    ) -> Result<Dumps> {
        let (own, directory) = (id.clone(), directory.to_owned());
        self.run(cx, "get_dumps_as_files", Some(id), move |store| {
            store.get_dumps_as_files(&own, &directory)
        })
        .await
    }

    async fn get_unredacted_processed_crash(
        &self,
        cx: &Context,
        id: &StoredId,
    ) -> Result<ProcessedCrash> {
        let own = id.clone();
        self.run(cx, "get_processed_crash", Some(id), move |store| {
            store.get_processed(&own)
        })
        .await
    }

    async fn catalog(&self, cx: &Context, id: &StoredId) -> Result<Catalog> {
        let own = id.clone();
        self.run(cx, "catalog", Some(id), move |store| store.catalog(&own))
            .await
    }

    async fn list(&self, cx: &Context, request: &ListRequest) -> Result<ListPage> {
        let request = request.clone();
        self.run(cx, "list", None, move |store| store.list(&request))
            .await
    }

    async fn delete(&self, cx: &Context, id: &StoredId) -> Result<()> {
        let own = id.clone();
        self.run(cx, "delete", Some(id), move |store| store.delete(&own))
            .await
    }

    async fn health(&self, cx: &Context) -> Result<Health> {
        self.run(cx, "health", None, |store| Ok(store.health()))
            .await
    }
}
