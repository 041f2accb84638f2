//! The suite, through the whole boundary.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use socorro_core::conformance::{self, StorageSubject};
use socorro_core::plugin::Plugin;
use socorro_core::storage::CrashStorage;
use socorro_core::{Result, async_trait};
use socorro_testkit::services::Kind;

use crate::library::library;
use crate::support::{Account, patiently};

/// A prefix for each case.
struct Bucket {
    account: Account,
    library: Arc<Plugin>,
    more: Value,
}

impl Bucket {
    async fn instance(&self, case: &str) -> Result<Arc<dyn CrashStorage>> {
        let mut options = self.account.options(&self.more);
        options["prefix"] = json!(case);
        let how = patiently();
        Ok(Arc::new(
            self.library.open_storage("archive", &options, &how).await?,
        ))
    }
}

#[async_trait]
impl StorageSubject for Bucket {
    async fn open(&self, case: &str) -> Result<Arc<dyn CrashStorage>> {
        self.instance(case).await
    }

    async fn reopen(&self, case: &str) -> Option<Result<Arc<dyn CrashStorage>>> {
        Some(self.instance(case).await)
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(180)
    }
}

async fn conforms(kind: Kind, more: Value) {
    let library = library().await;
    let bucket = Bucket {
        account: Account::on(kind).await,
        library: Arc::clone(&library),
        more,
    };
    let report = conformance::storage(&bucket).await;
    report.assert();
    let left_out: Vec<_> = report.not_applicable().collect();
    assert_eq!(
        left_out,
        ["unsupported_is_said", "declined_dumps_are_not_there"],
        "{report}"
    );
    assert_eq!(library.stray_answers(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ceph() {
    conforms(Kind::Ceph, json!({})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ceph_without_checksums() {
    conforms(Kind::Ceph, json!({ "checksums": "when_required" })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garage() {
    conforms(Kind::Garage, json!({})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garage_without_checksums() {
    conforms(Kind::Garage, json!({ "checksums": "when_required" })).await;
}
