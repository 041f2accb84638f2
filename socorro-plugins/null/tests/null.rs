//! Null keeps its few promises.

use std::sync::Arc;

use socorro_core::conformance::data::Maker;
use socorro_core::conformance::{self, StorageSubject};
use socorro_core::storage::{Capabilities, CrashStorage};
use socorro_core::{Context, ErrorKind, Result, async_trait};
use socorro_plugin_null::NullStorage;

struct Null;

#[async_trait]
impl StorageSubject for Null {
    async fn open(&self, _case: &str) -> Result<Arc<dyn CrashStorage>> {
        Ok(Arc::new(NullStorage))
    }
}

#[tokio::test]
async fn conforms_as_far_as_it_goes() {
    let report = conformance::storage(&Null).await;
    report.assert();
    let passed: Vec<_> = report.passed().collect();
    let expected = [
        "is_healthy",
        "capabilities_do_not_change",
        "unsupported_is_said",
        "supported_is_done",
        "catalog_of_nothing_is_empty",
        "missing_is_not_found",
        "legacy_ids_are_not_found",
        "an_empty_day_lists_nothing",
        "deleting_again_succeeds",
    ];
    assert_eq!(passed, expected);
}

#[tokio::test]
async fn accepts_and_forgets() {
    let (cx, storage) = (Context::new(), NullStorage);
    let sample = Maker::new(1).sample("2021-03-04".parse().unwrap()).unwrap();
    storage
        .save_raw_and_processed(
            &cx,
            &sample.id,
            &sample.raw,
            &sample.dumps,
            &sample.processed,
        )
        .await
        .unwrap();
    let id = sample.id.into();
    let read = storage.get_raw_crash(&cx, &id).await;
    assert_eq!(read.unwrap_err().kind(), ErrorKind::NotFound);
    let read = storage.get_dumps(&cx, &id).await;
    assert_eq!(read.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(storage.catalog(&cx, &id).await.unwrap().is_empty());
    assert!(
        !storage
            .capabilities()
            .intersects(Capabilities::DURABLE | Capabilities::GET_RAW)
    );
}
