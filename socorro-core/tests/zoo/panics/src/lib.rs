//! A storage that panics wherever its options say.
#![expect(clippy::panic, reason = "what this plugin is for")]

use std::path::Path;

use serde::Deserialize;
use socorro_core::crash::{CrashId, DumpName, Dumps, ProcessedCrash, RawCrash, StoredId};
use socorro_core::plugin::Resource;
use socorro_core::plugin::author::{OpenContext, StoragePlugin};
use socorro_core::storage::{Capabilities, Catalog, CrashStorage, Health, ListPage, ListRequest};
use socorro_core::{Bytes, Context, Result, async_trait, export_plugin};

export_plugin! { name: "zoo", storage: Panics }

/// Where it panics.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Place {
    /// In `resources`.
    Resources,
    /// In `open`.
    Open,
    /// In every operation.
    Operations,
    /// When an instance is dropped.
    Drop,
}

/// The options.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Where it panics.
    place: Place,
}

struct Panics {
    place: Place,
}

impl Panics {
    fn operation<T>(&self, name: &str) -> Result<T> {
        panic!("{name} panics");
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        if self.place == Place::Drop {
            panic!("drop panics");
        }
    }
}

#[async_trait]
impl StoragePlugin for Panics {
    type Config = Config;

    const CAPABILITIES: Capabilities = Capabilities::FULL;

    fn resources(config: &Config) -> Result<Vec<Resource>> {
        if config.place == Place::Resources {
            panic!("resources panics");
        }
        Ok(Vec::new())
    }

    async fn open(config: Config, _: &OpenContext) -> Result<Self> {
        if config.place == Place::Open {
            panic!("open panics");
        }
        Ok(Self {
            place: config.place,
        })
    }
}

#[async_trait]
impl CrashStorage for Panics {
    fn capabilities(&self) -> Capabilities {
        Capabilities::FULL
    }

    async fn save_raw_crash(
        &self,
        _: &Context,
        _: &CrashId,
        _: &RawCrash,
        _: &Dumps,
    ) -> Result<()> {
        self.operation("save_raw_crash")
    }

    async fn save_processed_crash(
        &self,
        _: &Context,
        _: &CrashId,
        _: &ProcessedCrash,
    ) -> Result<()> {
        self.operation("save_processed_crash")
    }

    async fn save_raw_and_processed(
        &self,
        _: &Context,
        _: &CrashId,
        _: &RawCrash,
        _: &Dumps,
        _: &ProcessedCrash,
    ) -> Result<()> {
        self.operation("save_raw_and_processed")
    }

    async fn get_raw_crash(&self, _: &Context, _: &StoredId) -> Result<RawCrash> {
        self.operation("get_raw_crash")
    }

    async fn get_dump(&self, _: &Context, _: &StoredId, _: &DumpName) -> Result<Bytes> {
        self.operation("get_dump")
    }

    async fn get_dumps(&self, _: &Context, _: &StoredId) -> Result<Dumps> {
        self.operation("get_dumps")
    }

    async fn get_dumps_as_files(&self, _: &Context, _: &StoredId, _: &Path) -> Result<Dumps> {
        self.operation("get_dumps_as_files")
    }

    async fn get_unredacted_processed_crash(
        &self,
        _: &Context,
        _: &StoredId,
    ) -> Result<ProcessedCrash> {
        self.operation("get_processed_crash")
    }

    async fn catalog(&self, _: &Context, _: &StoredId) -> Result<Catalog> {
        self.operation("catalog")
    }

    async fn list(&self, _: &Context, _: &ListRequest) -> Result<ListPage> {
        self.operation("list")
    }

    async fn delete(&self, _: &Context, _: &StoredId) -> Result<()> {
        self.operation("delete")
    }

    async fn health(&self, _: &Context) -> Result<Health> {
        self.operation("health")
    }

    async fn close(&self, _: &Context) -> Result<()> {
        match self.place {
            Place::Operations => self.operation("close"),
            _ => Ok(()),
        }
    }
}
