//! Old indices are deleted, at start, under the role.

use std::time::{Duration, Instant};

use serde_json::json;
use socorro_core::storage::CrashStorage;
use socorro_testkit::services::Kind;

use crate::account::put;
use crate::place::{Place, crash, cx, id};

async fn sweeps(kind: Kind) {
    let place = Place::shared(kind);
    let storage = place.open(&json!({})).await.unwrap();
    let future: socorro_core::crash::CrashId =
        "00000000-8721-460c-dead-a43c20991025".parse().unwrap();
    for id in [id(0), future] {
        storage
            .save_processed_crash(&cx(), &id, &crash("{}"))
            .await
            .unwrap();
    }
    let alike = format!("{}-old", place.index());
    put(&place.server, &format!("/{alike}"), &json!({}));
    storage.close(&cx()).await.unwrap();
    let storage = place.open(&json!({ "retention": "30d" })).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let left = loop {
        let all = place.get(&format!("/{}20*/_alias", place.prefix));
        let names: Vec<String> = all.as_object().unwrap().keys().cloned().collect();
        if !names.contains(&place.index()) {
            break names;
        }
        assert!(Instant::now() < deadline, "{names:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(left, [alike, format!("{}209942", place.prefix)]);
    let read = storage
        .get_unredacted_processed_crash(&cx(), &id(0).into())
        .await;
    assert!(read.unwrap_err().is_not_found());
    storage
        .save_processed_crash(&cx(), &id(0), &crash("{}"))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_elasticsearch() {
    sweeps(Kind::Elasticsearch).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_opensearch() {
    sweeps(Kind::Opensearch).await;
}
