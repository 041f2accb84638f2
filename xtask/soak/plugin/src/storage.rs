use std::path::Path;

use socorro_core::crash::{CrashId, DumpName, Dumps, ProcessedCrash, RawCrash, StoredId};
use socorro_core::plugin::Resource;
use socorro_core::plugin::author::{OpenContext, StoragePlugin};
use socorro_core::storage::{Capabilities, Catalog, CrashStorage, Health, ListPage, ListRequest};
use socorro_core::{Bytes, Context, Result, async_trait};
use socorro_plugin_filesystem::FilesystemStorage;

use crate::config::WitnessConfig;
use crate::log::Log;

/// What a call says when it is about no crash.
const NOTHING: &str = "-";

/// A directory tree of crashes, and a witness of all that is done to it.
pub struct Witness {
    storage: FilesystemStorage,
    log: Log,
}

#[async_trait]
impl StoragePlugin for Witness {
    type Config = WitnessConfig;

    fn resources(config: &WitnessConfig) -> Result<Vec<Resource>> {
        Log::of_none(config)?.note("resources", NOTHING)?;
        config.storage().resources()
    }

    async fn open(config: WitnessConfig, cx: &OpenContext) -> Result<Self> {
        let log = Log::of_instance(&config)?;
        let storage = FilesystemStorage::open(config.storage(), cx).await?;
        // From here on there is an instance, whose end is written down, too.
        log.note("open", NOTHING)?;
        Ok(Self { storage, log })
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        // A line that is missing fails the test.
        let _ = self.log.note("drop", NOTHING);
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CrashStorage for Witness {
    fn capabilities(&self) -> Capabilities {
        self.storage.capabilities()
    }

    async fn save_raw_crash(
        &self,
        cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
    ) -> Result<()> {
        self.log.note("save", id)?;
        self.storage.save_raw_crash(cx, id, raw, dumps).await
    }

    async fn save_processed_crash(
        &self,
        cx: &Context,
        id: &CrashId,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        self.log.note("save_processed", id)?;
        self.storage.save_processed_crash(cx, id, processed).await
    }

    async fn save_raw_and_processed(
        &self,
        cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        self.log.note("save_both", id)?;
        self.storage
            .save_raw_and_processed(cx, id, raw, dumps, processed)
            .await
    }

    async fn get_raw_crash(&self, cx: &Context, id: &StoredId) -> Result<RawCrash> {
        self.log.note("read", id)?;
        self.storage.get_raw_crash(cx, id).await
    }

    async fn get_dump(&self, cx: &Context, id: &StoredId, name: &DumpName) -> Result<Bytes> {
        self.log.note("read_dump", id)?;
        self.storage.get_dump(cx, id, name).await
    }

    async fn get_dumps(&self, cx: &Context, id: &StoredId) -> Result<Dumps> {
        self.log.note("read_dumps", id)?;
        self.storage.get_dumps(cx, id).await
    }

    async fn get_dumps_as_files(
        &self,
        cx: &Context,
        id: &StoredId,
        directory: &Path,
    ) -> Result<Dumps> {
        self.log.note("read_files", id)?;
        self.storage.get_dumps_as_files(cx, id, directory).await
    }

    async fn get_unredacted_processed_crash(
        &self,
        cx: &Context,
        id: &StoredId,
    ) -> Result<ProcessedCrash> {
        self.log.note("read_processed", id)?;
        self.storage.get_unredacted_processed_crash(cx, id).await
    }

    async fn get_processed_crash(
        &self,
        cx: &Context,
        id: &StoredId,
        redaction: &socorro_core::crash::Redaction,
    ) -> Result<ProcessedCrash> {
        self.log.note("read_redacted", id)?;
        self.storage.get_processed_crash(cx, id, redaction).await
    }

    async fn catalog(&self, cx: &Context, id: &StoredId) -> Result<Catalog> {
        self.log.note("catalog", id)?;
        self.storage.catalog(cx, id).await
    }

    async fn list(&self, cx: &Context, request: &ListRequest) -> Result<ListPage> {
        self.log.note("list", NOTHING)?;
        self.storage.list(cx, request).await
    }

    async fn delete(&self, cx: &Context, id: &StoredId) -> Result<()> {
        self.log.note("delete", id)?;
        self.storage.delete(cx, id).await
    }

    async fn health(&self, cx: &Context) -> Result<Health> {
        self.log.note("health", NOTHING)?;
        self.storage.health(cx).await
    }

    async fn close(&self, cx: &Context) -> Result<()> {
        self.log.note("close", NOTHING)?;
        self.storage.close(cx).await
    }
}
