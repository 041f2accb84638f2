//! The filesystem does what every storage and source does, in both layouts.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use socorro_core::conformance::{self, SourceSubject, StorageSubject};
use socorro_core::crash::{CrashId, Dumps, Limits, RawCrash};
use socorro_core::plugin::author::{OpenContext, SourcePlugin, StoragePlugin};
use socorro_core::source::NewCrashSource;
use socorro_core::storage::CrashStorage;
use socorro_core::{Context, Result, async_trait};
use socorro_plugin_filesystem::{FilesystemSource, FilesystemStorage};
use tempfile::TempDir;

/// A root for each case.
struct Trees {
    dir: TempDir,
    layout: &'static str,
}

impl Trees {
    fn new(layout: &'static str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir, layout }
    }

    async fn storage(&self, case: &str) -> Result<FilesystemStorage> {
        let options = json!({ "root": self.dir.path().join(case), "layout": self.layout });
        FilesystemStorage::open(serde_json::from_value(options).unwrap(), &named("spool")).await
    }
}

fn named(name: &str) -> OpenContext {
    OpenContext {
        name: name.to_owned(),
    }
}

#[async_trait]
impl StorageSubject for Trees {
    async fn open(&self, case: &str) -> Result<Arc<dyn CrashStorage>> {
        Ok(Arc::new(self.storage(case).await?))
    }

    async fn reopen(&self, case: &str) -> Option<Result<Arc<dyn CrashStorage>>> {
        Some(self.open_again(case).await)
    }
}

impl Trees {
    async fn open_again(&self, case: &str) -> Result<Arc<dyn CrashStorage>> {
        Ok(Arc::new(self.storage(case).await?))
    }
}

/// Sources of the same trees.
struct Sources(Trees);

#[async_trait]
impl SourceSubject for Sources {
    async fn open(&self, case: &str) -> Result<Arc<dyn NewCrashSource>> {
        let root: &Path = &self.0.dir.path().join(case);
        let options = json!({ "root": root, "poll": "10ms", "redeliver_after": "1s" });
        let options = serde_json::from_value(options).unwrap();
        Ok(Arc::new(
            FilesystemSource::open(options, &named("new")).await?,
        ))
    }

    async fn feed(&self, case: &str, ids: &[CrashId]) -> Result<()> {
        let storage = self.0.storage(case).await?;
        for id in ids {
            let raw = RawCrash::new("{}", &Limits::default())?;
            storage
                .save_raw_crash(&Context::new(), id, &raw, &Dumps::new())
                .await?;
        }
        Ok(())
    }

    /// One at a time takes crashes from a tree.
    fn is_shared(&self) -> bool {
        false
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn radix() {
    let report = conformance::storage(&Trees::new("radix")).await;
    report.assert();
    let left_out: Vec<_> = report.not_applicable().collect();
    assert_eq!(
        left_out,
        ["unsupported_is_said", "declined_dumps_are_not_there"]
    );
}

#[tokio::test]
async fn dated_radix_on_one_thread() {
    conformance::storage(&Trees::new("dated_radix"))
        .await
        .assert();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn source() {
    conformance::source(&Sources(Trees::new("dated_radix")))
        .await
        .assert();
}
