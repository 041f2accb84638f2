//! The public suite, under the least-privileged role.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use socorro_core::conformance::data::Maker;
use socorro_core::conformance::{self, SourceSubject, StorageSubject};
use socorro_core::crash::{CrashId, Dumps};
use socorro_core::plugin::PluginStorage;
use socorro_core::source::NewCrashSource;
use socorro_core::storage::CrashStorage;
use socorro_core::{Result, async_trait};
use socorro_testkit::services::{self, Kind};
use tokio::sync::Mutex;

use crate::support::{Site, cx, plugin};

/// For one case: a disk that stalls for half a minute may do so more than once.
const CASE: Duration = Duration::from_secs(180);

/// All cases in one schema.
struct Storages {
    site: Site,
    options: Value,
}

#[async_trait]
impl StorageSubject for Storages {
    async fn open(&self, _: &str) -> Result<Arc<dyn CrashStorage>> {
        Ok(Arc::new(self.site.storage(self.options.clone()).await?))
    }

    async fn reopen(&self, case: &str) -> Option<Result<Arc<dyn CrashStorage>>> {
        Some(self.open(case).await)
    }

    fn patience(&self) -> Duration {
        CASE
    }
}

async fn conforms(storages: Storages, not_applicable: &[&str]) {
    let report = conformance::storage(&storages).await;
    report.assert();
    let left_out: Vec<_> = report.not_applicable().collect();
    for name in not_applicable {
        assert!(left_out.contains(name), "{report}");
    }
    assert_eq!(plugin().await.stray_answers(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn storage_by_week() {
    let site = Site::new().await;
    let storages = Storages {
        site,
        options: json!({}),
    };
    conforms(
        storages,
        &["unsupported_is_said", "declined_dumps_are_not_there"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn storage_by_day_with_one_connection_and_a_queue() {
    let server = services::shared(Kind::Postgres).unwrap();
    let site = Site::with(server, json!({ "partition": "day" })).await;
    let options = json!({ "connections": 1, "queue": "new", "max_partitions": 40 });
    conforms(Storages { site, options }, &["unsupported_is_said"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn storage_that_declines_dumps() {
    let site = Site::new().await;
    let storages = Storages {
        site,
        options: json!({ "dumps": "declined" }),
    };
    conforms(storages, &["dumps_as_files_of_nothing"]).await;
}

/// A queue for each case, fed by a storage.
struct Sources {
    site: Site,
    feeders: Mutex<HashMap<String, PluginStorage>>,
}

#[async_trait]
impl SourceSubject for Sources {
    async fn open(&self, case: &str) -> Result<Arc<dyn NewCrashSource>> {
        let options = json!({ "queue": case });
        Ok(Arc::new(self.site.source(options).await?))
    }

    async fn feed(&self, case: &str, ids: &[CrashId]) -> Result<()> {
        let mut feeders = self.feeders.lock().await;
        if !feeders.contains_key(case) {
            let storage = self.site.storage(json!({ "queue": case })).await?;
            feeders.insert(case.to_owned(), storage);
        }
        let storage = &feeders[case];
        let raw = Maker::new(1).raw()?;
        for id in ids {
            storage
                .save_raw_crash(&cx(), id, &raw, &Dumps::new())
                .await?;
        }
        Ok(())
    }

    fn patience(&self) -> Duration {
        CASE
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn source() {
    let sources = Sources {
        site: Site::new().await,
        feeders: Mutex::default(),
    };
    let report = conformance::source(&sources).await;
    report.assert();
    assert_eq!(report.not_applicable().next(), None, "{report}");
}
