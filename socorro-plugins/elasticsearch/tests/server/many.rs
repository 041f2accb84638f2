//! Many, large, odd, and listed in pages.

use serde_json::json;
use socorro_core::conformance::data::DOCUMENTS;
use socorro_core::crash::{CrashId, StoredId};
use socorro_core::storage::{CrashStorage, ListRequest, Part};
use socorro_testkit::services::Kind;

use crate::place::{Place, crash, cx, id};

async fn save_all(storage: &socorro_core::plugin::PluginStorage, ids: &[CrashId]) {
    let saves: Vec<_> = ids
        .iter()
        .copied()
        .map(|id| {
            let storage = storage.clone();
            let text = json!({ "signature": id.as_str(), "uptime": 5 }).to_string();
            tokio::spawn(
                async move { storage.save_processed_crash(&cx(), &id, &crash(text)).await },
            )
        })
        .collect();
    for save in saves {
        save.await.unwrap().unwrap();
    }
}

async fn a_thousand(kind: Kind) {
    let place = Place::shared(kind);
    let storage = place.open(&json!({})).await.unwrap();
    let ids: Vec<CrashId> = (0..1000).map(id).collect();
    save_all(&storage, &ids).await;
    assert_eq!(place.count(), 1000);
    save_all(&storage, &ids).await;
    assert_eq!(place.count(), 1000, "saving again doubles nothing");
    let mut listed = Vec::new();
    let mut next = Some(ListRequest {
        limit: 300,
        ..ListRequest::day(ids[0].date())
    });
    while let Some(request) = next {
        let page = storage.list(&cx(), &request).await.unwrap();
        assert!(page.ids.len() <= 300);
        next = request.next(&page);
        listed.extend(page.ids);
    }
    let expected: Vec<StoredId> = ids.iter().map(StoredId::from).collect();
    assert_eq!(listed, expected);
    storage.close(&cx()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_saves_at_once_in_elasticsearch() {
    a_thousand(Kind::Elasticsearch).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_saves_at_once_in_opensearch() {
    a_thousand(Kind::Opensearch).await;
}

async fn large_and_odd(kind: Kind) {
    let place = Place::shared(kind);
    let storage = place.open(&json!({})).await.unwrap();
    let large = crash(
        json!({ "signature": "large", "json_dump": { "x": "é\"x".repeat(4 << 20) } }).to_string(),
    );
    assert!(large.as_bytes().len() > 20_000_000);
    storage
        .save_processed_crash(&cx(), &id(0), &large)
        .await
        .unwrap();
    let back = storage
        .get_unredacted_processed_crash(&cx(), &id(0).into())
        .await
        .unwrap();
    assert_eq!(back, large);
    let catalog = storage.catalog(&cx(), &id(0).into()).await.unwrap();
    assert_eq!(catalog.entries.len(), 1);
    assert_eq!(
        (&catalog.entries[0].part, catalog.entries[0].size),
        (&Part::ProcessedCrash, Some(large.as_bytes().len() as u64))
    );
    for (number, (name, text)) in DOCUMENTS.into_iter().enumerate() {
        let id = id(1 + number as u32);
        storage
            .save_processed_crash(&cx(), &id, &crash(text))
            .await
            .unwrap();
        let back = storage
            .get_unredacted_processed_crash(&cx(), &id.into())
            .await
            .unwrap();
        assert_eq!(back.as_bytes(), text, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_and_odd_documents_come_back_from_elasticsearch() {
    large_and_odd(Kind::Elasticsearch).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_and_odd_documents_come_back_from_opensearch() {
    large_and_odd(Kind::Opensearch).await;
}

/// Over the budget: cut, valid, recorded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_over_the_budget_is_cut() {
    let place = Place::shared(Kind::Elasticsearch);
    let storage = place
        .open(&json!({ "max_document_size": "1MiB" }))
        .await
        .unwrap();
    let large = json!({ "signature": "f", "json_dump": "x".repeat(20 << 20), "b": 1 });
    storage
        .save_processed_crash(&cx(), &id(0), &crash(large.to_string()))
        .await
        .unwrap();
    let back = storage
        .get_unredacted_processed_crash(&cx(), &id(0).into())
        .await
        .unwrap();
    assert_eq!(back.field("signature"), Some(json!("f")));
    assert_eq!(back.field("json_dump"), None);
    assert_eq!(place.document(&id(0))["document_cut"], json!(["json_dump"]));
}
