use async_trait::async_trait;
use socorro_core::crash::{CrashId, DumpName, Dumps, ProcessedCrash, RawCrash, StoredId};
use socorro_core::plugin::author::{OpenContext, StoragePlugin};
use socorro_core::storage::{Capabilities, Catalog, CrashStorage, Health, ListPage, ListRequest};
use socorro_core::{Bytes, Context, Error, ErrorKind, Result};

use crate::NullConfig;

/// Accepts every save and every delete at once, and keeps nothing. Dump files are not looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullStorage;

#[async_trait]
impl CrashStorage for NullStorage {
    fn capabilities(&self) -> Capabilities {
        Self::CAPABILITIES
    }

    async fn save_raw_crash(
        &self,
        _cx: &Context,
        _id: &CrashId,
        _raw: &RawCrash,
        _dumps: &Dumps,
    ) -> Result<()> {
        Ok(())
    }

    async fn save_processed_crash(
        &self,
        _cx: &Context,
        _id: &CrashId,
        _processed: &ProcessedCrash,
    ) -> Result<()> {
        Ok(())
    }

    async fn get_raw_crash(&self, _cx: &Context, id: &StoredId) -> Result<RawCrash> {
        Err(not_found(id))
    }

    async fn get_dump(&self, _cx: &Context, id: &StoredId, _name: &DumpName) -> Result<Bytes> {
        Err(not_found(id))
    }

    async fn get_dumps(&self, _cx: &Context, id: &StoredId) -> Result<Dumps> {
        Err(not_found(id))
    }

    async fn get_unredacted_processed_crash(
        &self,
        _cx: &Context,
        id: &StoredId,
    ) -> Result<ProcessedCrash> {
        Err(not_found(id))
    }

    async fn catalog(&self, _cx: &Context, _id: &StoredId) -> Result<Catalog> {
        Ok(Catalog::default())
    }

    async fn list(&self, _cx: &Context, _request: &ListRequest) -> Result<ListPage> {
        Ok(ListPage::default())
    }

    async fn delete(&self, _cx: &Context, _id: &StoredId) -> Result<()> {
        Ok(())
    }

    async fn health(&self, _cx: &Context) -> Result<Health> {
        Ok(Health::ok())
    }
}

#[async_trait]
impl StoragePlugin for NullStorage {
    type Config = NullConfig;

    const CAPABILITIES: Capabilities = Capabilities::SAVE_RAW
        .union(Capabilities::SAVE_PROCESSED)
        .union(Capabilities::DELETE)
        .union(Capabilities::CATALOG)
        .union(Capabilities::LIST);

    async fn open(NullConfig {}: Self::Config, _cx: &OpenContext) -> Result<Self> {
        Ok(Self)
    }
}

fn not_found(id: &StoredId) -> Error {
    Error::new(ErrorKind::NotFound, "a null storage keeps nothing").for_crash(id)
}
