use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use socorro_core::conformance::{self, StorageSubject};
use socorro_core::storage::CrashStorage;
use socorro_core::{Result, async_trait};
use tempfile::TempDir;

use crate::loaded;

/// Storages of one plugin.
struct Storages {
    plugin: &'static str,
    /// The options of a case, whose directory this is.
    options: fn(&Path) -> Value,
    /// Does the data outlive the instance?
    lasts: bool,
    directory: TempDir,
}

impl Storages {
    fn of(plugin: &'static str, lasts: bool, options: fn(&Path) -> Value) -> Self {
        loaded::build(plugin);
        Self {
            plugin,
            options,
            lasts,
            directory: tempfile::tempdir().unwrap(),
        }
    }

    async fn instance(&self, case: &str) -> Result<Arc<dyn CrashStorage>> {
        let options = (self.options)(&self.directory.path().join(case));
        Ok(Arc::new(loaded::storage(self.plugin, &options).await?))
    }
}

#[async_trait]
impl StorageSubject for Storages {
    async fn open(&self, case: &str) -> Result<Arc<dyn CrashStorage>> {
        self.instance(case).await
    }

    async fn reopen(&self, case: &str) -> Option<Result<Arc<dyn CrashStorage>>> {
        if !self.lasts {
            return None;
        }
        Some(self.instance(case).await)
    }
}

/// What a storage that can do everything, but forgets, has no use for.
const FORGETFUL: [&str; 4] = [
    "unsupported_is_said",
    "reopened_has_everything",
    "declined_dumps_are_not_there",
    "a_cursor_works_in_another_instance",
];
const LASTING: [&str; 2] = ["unsupported_is_said", "declined_dumps_are_not_there"];

async fn conforms(storages: Storages, but: &[&str]) {
    let report = conformance::storage(&storages).await;
    report.assert();
    let left_out: Vec<_> = report.not_applicable().collect();
    assert_eq!(left_out, but, "{report}");
    assert_eq!(loaded::load(storages.plugin).await.stray_answers(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory() {
    let memory = Storages::of("memory", false, |_| json!({ "max_bytes": "64MiB" }));
    conforms(memory, &FORGETFUL).await;
}

#[tokio::test]
async fn memory_on_one_thread() {
    let memory = Storages::of("memory", false, |_| json!({}));
    conforms(memory, &FORGETFUL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_c() {
    let c = Storages::of("cmemory", false, |_| json!({}));
    conforms(c, &FORGETFUL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filesystem_with_dates() {
    let dated = Storages::of(
        "filesystem",
        true,
        |root| json!({ "root": root, "layout": "dated_radix" }),
    );
    conforms(dated, &LASTING).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filesystem_of_today() {
    let today = Storages::of(
        "filesystem",
        true,
        |root| json!({ "root": root, "layout": "radix" }),
    );
    conforms(today, &LASTING).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn null() {
    let null = Storages::of("null", false, |_| json!({}));
    let report = conformance::storage(&null).await;
    report.assert();
    let passed: Vec<_> = report.passed().collect();
    assert!(passed.contains(&"unsupported_is_said"), "{report}");
    assert!(passed.contains(&"missing_is_not_found"), "{report}");
}
