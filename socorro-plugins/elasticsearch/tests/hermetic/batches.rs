//! What is sent together, and what is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use socorro_core::ErrorKind;
use socorro_core::storage::CrashStorage;
use socorro_plugin_elasticsearch::ElasticsearchStorage;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::fake::{Fake, Op, Reply, crash, cx, id, items};

fn save(
    storage: &Arc<ElasticsearchStorage>,
    number: u8,
    text: String,
) -> JoinHandle<socorro_core::Result<()>> {
    let storage = Arc::clone(storage);
    tokio::spawn(async move {
        storage
            .save_processed_crash(&cx(), &id(number), &crash(&text))
            .await
    })
}

/// Holds the first bulk request until the gate opens.
fn gate_first(gate: &Arc<Notify>) -> impl Fn(&[Op]) -> Option<Reply> + use<> {
    let (gate, first) = (Arc::clone(gate), AtomicBool::new(true));
    move |ops| {
        first
            .swap(false, Ordering::SeqCst)
            .then(|| Reply::Gate(Arc::clone(&gate), items(ops, |_| (201, None))))
    }
}

/// Lets every task that can go on go on.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_comes_while_a_request_is_under_way_is_sent_together() {
    let gate = Arc::new(Notify::new());
    let fake = Fake::bulk(gate_first(&gate)).await;
    let storage = Arc::new(fake.storage(json!({ "bulk_requests": 1 })).await.unwrap());
    let mut saves = vec![save(&storage, 0, "{}".into())];
    fake.came(1).await;
    saves.extend((1..=50).map(|number| save(&storage, number, "{}".into())));
    settle().await;
    gate.notify_one();
    for save in saves {
        save.await.unwrap().unwrap();
    }
    let sizes: Vec<usize> = fake.batches().iter().map(Vec::len).collect();
    assert_eq!(
        sizes,
        [1, 32, 18],
        "alone at once, then as many as the first limit allows, then the rest"
    );
    let indices = fake
        .requests()
        .iter()
        .filter(|line| *line == "PUT /socorro200743")
        .count();
    assert_eq!(indices, 1, "an index is made once");
}

/// The later save of a crash wins, so it must not overtake the earlier one.
#[tokio::test]
async fn two_saves_of_one_crash_are_never_under_way_together() {
    let gate = Arc::new(Notify::new());
    let fake = Fake::bulk(gate_first(&gate)).await;
    let storage = Arc::new(fake.storage(json!({ "bulk_requests": 4 })).await.unwrap());
    let first = save(&storage, 1, "{\"a\":1}".into());
    fake.came(1).await;
    let second = save(&storage, 1, "{\"a\":2}".into());
    let other = save(&storage, 2, "{}".into());
    other.await.unwrap().unwrap();
    settle().await;
    assert_eq!(fake.batches().len(), 2, "only the other crash went");
    gate.notify_one();
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    let last = &fake.batches()[2][0];
    assert_eq!(
        (last.id.as_str(), &last.document["document"]),
        (id(1).as_str(), &json!("{\"a\":2}"))
    );
}

/// The first request was sent before the caller went; what still waited is not sent at all.
#[tokio::test]
async fn a_save_that_nobody_waits_for_is_not_sent() {
    let gate = Arc::new(Notify::new());
    let fake = Fake::bulk(gate_first(&gate)).await;
    let storage = Arc::new(fake.storage(json!({ "bulk_requests": 1 })).await.unwrap());
    let first = save(&storage, 1, "{}".into());
    fake.came(1).await;
    let second = save(&storage, 2, "{}".into());
    settle().await;
    second.abort();
    assert!(second.await.unwrap_err().is_cancelled());
    gate.notify_one();
    first.await.unwrap().unwrap();
    save(&storage, 3, "{}".into()).await.unwrap().unwrap();
    let ids: Vec<String> = fake
        .batches()
        .concat()
        .into_iter()
        .map(|op| op.id)
        .collect();
    assert_eq!(ids, [id(1).as_str(), id(3).as_str()]);
}

#[tokio::test]
async fn a_request_that_is_too_large_is_parted() {
    let gate = Arc::new(Notify::new());
    let first = gate_first(&gate);
    let fake = Fake::bulk(move |ops| {
        let bytes: usize = ops.iter().map(|op| op.document.to_string().len()).sum();
        if bytes > 120_000 {
            return Some(Reply::Json(413, json!({ "error": "too large" })));
        }
        first(ops)
    })
    .await;
    let storage = Arc::new(fake.storage(json!({ "bulk_requests": 1 })).await.unwrap());
    let text = json!({ "filler": "x".repeat(25_000) }).to_string();
    let mut saves = vec![save(&storage, 0, "{}".into())];
    fake.came(1).await;
    saves.extend((1..=9).map(|number| save(&storage, number, text.clone())));
    settle().await;
    gate.notify_one();
    for save in saves {
        save.await.unwrap().unwrap();
    }
    let batches = fake.batches();
    assert_eq!(batches[1].len(), 9, "it was refused");
    assert!(batches[2..].iter().all(|batch| batch.len() < 9));
    let saved: usize = batches[2..]
        .iter()
        .map(Vec::len)
        .filter(|len| *len <= 4)
        .sum();
    assert_eq!(saved, 9, "each once");
}

#[tokio::test]
async fn a_document_that_alone_is_too_large_is_refused() {
    for reply in [
        || Reply::Json(413, json!("")),
        || {
            Reply::Json(
                429,
                json!({ "error": {
            "type": "es_rejected_execution_exception",
            "reason": "rejected execution of coordinating operation [coordinating_and_primary_bytes=0, replica_bytes=0, all_bytes=0, coordinating_operation_bytes=91707305, max_coordinating_bytes=53687091]",
        } }),
            )
        },
    ] {
        let fake = Fake::bulk(move |_| Some(reply())).await;
        let storage = fake.storage(json!({})).await.unwrap();
        let error = storage
            .save_processed_crash(&cx(), &id(1), &crash("{}"))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(
            !error.is_retryable() && error.message().contains("max_document_size"),
            "{error}"
        );
        assert_eq!(fake.batches().len(), 1);
    }
}

#[tokio::test]
async fn a_server_that_asks_for_less_is_passed_on_with_its_time() {
    let fake = Fake::bulk(|_| {
        Some(Reply::Header(
            429,
            "retry-after: 7",
            json!({ "error": { "type": "es_rejected_execution_exception", "reason": "queue" } }),
        ))
    })
    .await;
    let storage = fake.storage(json!({})).await.unwrap();
    let error = storage
        .save_processed_crash(&cx(), &id(1), &crash("{}"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert_eq!(error.retry_after(), Some(std::time::Duration::from_secs(7)));
    assert_eq!(fake.batches().len(), 1);
}

/// An index that cannot be made is the trouble of its own crashes.
#[tokio::test]
async fn a_missing_index_strands_only_its_own() {
    let fake = Fake::new(|method, path, _| {
        (method == "PUT" && path == "/socorro200743").then(|| {
            Reply::Json(400, json!({ "error": { "type": "validation_exception", "reason": "this cluster currently has [1000]/[1000] maximum shards open" } }))
        })
    })
    .await;
    let storage = fake.storage(json!({})).await.unwrap();
    let error = storage
        .save_processed_crash(&cx(), &id(1), &crash("{}"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("max_shards_per_node"), "{error}");
    let other = "0bba929f-8721-460c-dead-a43c20081025".parse().unwrap();
    storage
        .save_processed_crash(&cx(), &other, &crash("{}"))
        .await
        .unwrap();
    assert_eq!(fake.batches().concat().len(), 1);
}

#[tokio::test]
async fn closing_waits_for_what_was_taken() {
    let gate = Arc::new(Notify::new());
    let fake = Fake::bulk(gate_first(&gate)).await;
    let storage = Arc::new(fake.storage(json!({ "bulk_requests": 1 })).await.unwrap());
    let saves: Vec<_> = (0..5)
        .map(|number| save(&storage, number, "{}".into()))
        .collect();
    fake.came(1).await;
    settle().await;
    let closing = {
        let storage = Arc::clone(&storage);
        tokio::spawn(async move { storage.close(&cx()).await })
    };
    settle().await;
    assert!(!closing.is_finished());
    gate.notify_one();
    closing.await.unwrap().unwrap();
    for save in saves {
        save.await.unwrap().unwrap();
    }
    let error = save(&storage, 9, "{}".into()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

/// More than the queue holds waits for room, and all of it arrives.
#[tokio::test]
async fn a_full_queue_makes_saves_wait() {
    let fake = Fake::bulk(|_| None).await;
    let options = json!({ "queue_documents": 2, "queue_size": "1MiB", "bulk_requests": 1 });
    let storage = Arc::new(fake.storage(options).await.unwrap());
    let large = json!({ "filler": "x".repeat(2 << 20) }).to_string();
    let mut saves: Vec<_> = (0..40)
        .map(|number| save(&storage, number, "{}".into()))
        .collect();
    saves.push(save(&storage, 40, large));
    for save in saves {
        save.await.unwrap().unwrap();
    }
    let batches = fake.batches();
    assert_eq!(batches.concat().len(), 41);
    assert!(batches.iter().all(|batch| batch.len() <= 2));
}
