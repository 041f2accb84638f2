//! The public suite, over the plugin's boundary.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use socorro_core::conformance::{self, StorageSubject};
use socorro_core::storage::CrashStorage;
use socorro_core::{Result, async_trait};
use socorro_testkit::services::Kind;

use crate::place::{Place, plugin};

#[async_trait]
impl StorageSubject for Place {
    async fn open(&self, _case: &str) -> Result<Arc<dyn CrashStorage>> {
        Ok(Arc::new(Place::open(self, &json!({})).await?))
    }

    async fn reopen(&self, case: &str) -> Option<Result<Arc<dyn CrashStorage>>> {
        Some(StorageSubject::open(self, case).await)
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(180)
    }
}

async fn conforms(place: &Place) {
    let report = conformance::storage(place).await;
    report.assert();
    let passed: Vec<&str> = report.passed().collect();
    for case in [
        "is_healthy",
        "unsupported_is_said",
        "supported_is_done",
        "processed_needs_no_raw_crash",
        "processed_is_overwritten",
        "redaction_is_on_a_copy",
        "catalog_lists_a_processed_crash_alone",
        "a_processed_crash_alone_is_listed",
        "missing_is_not_found",
        "legacy_ids_are_not_found",
        "deleting_again_succeeds",
    ] {
        assert!(passed.contains(&case), "{case}: {report}");
    }
    assert_eq!(plugin().await.stray_answers(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn elasticsearch() {
    conforms(&Place::shared(Kind::Elasticsearch)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opensearch() {
    conforms(&Place::shared(Kind::Opensearch)).await;
}
