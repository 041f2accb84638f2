//! Saving: many at once, to a queue that is gone, to one that is full.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use socorro_core::Result;
use socorro_core::crash::CrashId;
use socorro_core::error::{Applied, ErrorKind};
use socorro_core::plugin::PluginStorage;
use socorro_core::source::NewCrashSource;
use socorro_core::storage::CrashStorage;

use tokio::task::JoinHandle;

use crate::support::{PATIENCE, Vhost, cx, drain, ids, save, save_within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_at_once_share_one_channel() {
    let vhost = Vhost::shared();
    let storage = vhost.storage(&json!({})).await.unwrap();
    let ids = ids(1, 1000);
    for saved in start(&storage, &ids, PATIENCE) {
        saved.await.unwrap().unwrap();
    }
    let connections: Vec<serde_json::Value> =
        serde_json::from_slice(&vhost.ask("GET", "/api/connections", &json!(null))).unwrap();
    let own = connections
        .iter()
        .filter(|one| one["vhost"] == vhost.name.as_str());
    assert!(own.count() <= 1);
    let source = vhost.source(&json!({})).await.unwrap();
    let came = drain(&source, ids.len()).await;
    assert!(came.values().all(|times| *times == 1));
    let expected: BTreeSet<_> = ids.iter().map(ToString::to_string).collect();
    assert_eq!(came.into_keys().collect::<BTreeSet<_>>(), expected);
    source.close(&cx()).await.unwrap();
    storage.close(&cx()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_is_gone_is_an_error_and_declared_again_where_allowed() {
    let vhost = Vhost::shared();
    let may_not = vhost.storage(&json!({})).await.unwrap();
    let may = crate::support::storage(&vhost.options("socorro-setup", &json!({})))
        .await
        .unwrap();
    vhost.ask("DELETE", &vhost.queue("socorro.standard"), &json!({}));
    let ids = ids(2, 3);
    let error = save(&may_not, &ids[0]).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_retryable()),
        (ErrorKind::InvalidConfig, false)
    );
    assert_eq!(error.applied(), Applied::No);
    assert!(
        error
            .message()
            .contains("there is no queue \"socorro.standard\""),
        "{error}"
    );
    let error = save(&may, &ids[1]).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_retryable()),
        (ErrorKind::InvalidConfig, true)
    );
    save(&may, &ids[1]).await.unwrap();
    save(&may_not, &ids[2]).await.unwrap();
    let mut queued = vhost.drain("socorro.standard");
    queued.sort();
    let mut expected = [ids[1].to_string(), ids[2].to_string()];
    expected.sort();
    assert_eq!(queued, expected);
}

/// Confirmations of many messages come as one, and the client says of any of them that its message came back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_save_is_told_stored_once_the_queue_is_gone() {
    let vhost = Vhost::shared();
    let storage = vhost.storage(&json!({})).await.unwrap();
    let ids = ids(10, 3000);
    let (before, after) = ids.split_at(1000);
    for saved in start(&storage, before, PATIENCE) {
        saved.await.unwrap().unwrap();
    }
    // Nothing has to succeed from here on.
    let limit = Duration::from_secs(5);
    let during = start(&storage, &after[..1000], limit);
    vhost.ask("DELETE", &vhost.queue("socorro.standard"), &json!({}));
    // Everything from here on is published to nothing, beside what is still being confirmed. Of what the queue
    // took with it the broker says nothing more, and those saves end by their deadline.
    for saved in start(&storage, &after[1000..], limit) {
        assert!(
            saved.await.unwrap().is_err(),
            "told stored, and there is no queue"
        );
    }
    for saved in during {
        // Stored before the queue was deleted, or not.
        let _ = saved.await.unwrap();
    }
}

/// Saves all at once, each within this limit.
fn start(storage: &PluginStorage, ids: &[CrashId], limit: Duration) -> Vec<JoinHandle<Result<()>>> {
    let start = |id: &CrashId| {
        let (storage, id) = (storage.clone(), *id);
        tokio::spawn(async move { save_within(&storage, &id, limit).await })
    };
    ids.iter().map(start).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_refuses() {
    let vhost = Vhost::shared();
    vhost.make_queue(
        "socorro.small",
        &json!({ "x-queue-type": "classic", "x-max-length": 2, "x-overflow": "reject-publish" }),
    );
    let options = json!({ "queues": { "standard": "socorro.small" } });
    let storage = vhost.storage(&options).await.unwrap();
    let mut refused = None;
    for id in ids(3, 20) {
        if let Err(error) = save(&storage, &id).await {
            refused = Some(error);
            break;
        }
    }
    let error = refused.unwrap();
    assert_eq!(
        (error.kind(), error.is_retryable()),
        (ErrorKind::Unavailable, true)
    );
    assert_eq!(error.applied(), Applied::No);
}
