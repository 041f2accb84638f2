//! Answers that do not come, or are none.

use std::time::Duration;

use serde_json::json;
use socorro_core::ErrorKind;
use socorro_core::error::Applied;
use socorro_core::storage::{Check, CrashStorage, ListRequest};
use tokio::net::TcpSocket;

use crate::fake::{Fake, Reply, crash, cx, id, items, open};

#[tokio::test]
async fn a_lost_answer_leaves_the_save_in_doubt() {
    let fake = Fake::bulk(|_| Some(Reply::Cut)).await;
    let storage = fake.storage(json!({})).await.unwrap();
    let error = storage
        .save_processed_crash(&cx(), &id(1), &crash("{}"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::Unavailable, Applied::Unknown)
    );
    assert!(error.is_retryable());
    assert_eq!(
        fake.batches().len(),
        1,
        "the client does not send it again by itself"
    );
}

#[tokio::test]
async fn no_answer_in_time_leaves_the_save_in_doubt() {
    let fake = Fake::bulk(|_| Some(Reply::Hang)).await;
    let storage = fake
        .storage(json!({ "request_timeout": "2s" }))
        .await
        .unwrap();
    let error = storage
        .save_processed_crash(&cx(), &id(1), &crash("{}"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::Timeout, Applied::Unknown)
    );
}

#[tokio::test]
async fn an_answer_to_another_request_leaves_all_in_doubt() {
    for wrong in [
        json!({ "items": [] }),
        json!({ "items": [{ "index": { "_id": "another", "status": 201 } }] }),
        json!({ "items": [{}] }),
        json!({ "took": 1 }),
        json!([]),
        json!({ "items": [{ "index": { "_id": 5 } }] }),
    ] {
        let said = wrong.clone();
        let fake = Fake::bulk(move |_| Some(Reply::Json(200, said.clone()))).await;
        let storage = fake.storage(json!({})).await.unwrap();
        let error = storage
            .save_processed_crash(&cx(), &id(1), &crash("{}"))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.applied()),
            (ErrorKind::Unavailable, Applied::Unknown),
            "{wrong}"
        );
    }
}

/// A node that sends on and on costs a bounded amount of memory and no patience.
#[tokio::test]
async fn an_endless_answer_is_given_up() {
    let fake = Fake::bulk(|_| Some(Reply::Endless(1 << 40))).await;
    let storage = fake.storage(json!({})).await.unwrap();
    let save = storage
        .save_processed_crash(&cx(), &id(1), &crash("{}"))
        .await;
    let error = save.unwrap_err();
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::Unavailable, Applied::Unknown)
    );
    assert!(
        error
            .causes()
            .iter()
            .any(|cause| cause.contains("more than")),
        "{error}"
    );
}

#[tokio::test]
async fn nothing_was_sent_to_a_node_that_is_not_there() {
    let fake = Fake::bulk(|ops| Some(Reply::Json(200, items(ops, |_| (201, None))))).await;
    let (nobody, _port) = nobody();
    let error = open(json!([nobody]), json!({})).await.err().unwrap();
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::Unavailable, Applied::No)
    );
    assert!(error.message().contains(&nobody), "{error}");

    // The node that is there takes over, at the start already, and nobody notices.
    let storage = open(json!([nobody, fake.url]), json!({})).await.unwrap();
    for number in 0..20 {
        storage
            .save_processed_crash(&cx(), &id(number), &crash("{}"))
            .await
            .unwrap();
    }
    assert_eq!(fake.batches().len(), 20);
}

/// A port where nobody listens, and what keeps it from everybody else.
fn nobody() -> (String, TcpSocket) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    (url, socket)
}

#[tokio::test]
async fn health_tells_its_checks_apart() {
    let storage = |status: u16, write: u16, exception: &'static str| async move {
        let fake = Fake::new(move |method, path, _| match (method, path) {
            ("GET", "/_security/_authenticate") => {
                Some(Reply::Json(status, json!({ "error": "said" })))
            }
            ("DELETE", _) => Some(Reply::Json(
                write,
                json!({ "error": { "type": exception, "reason": "why" } }),
            )),
            ("POST", "/_security/user/_has_privileges") => Some(Reply::Json(
                200,
                json!({ "has_all_requested": exception != "lacks" }),
            )),
            _ => None,
        })
        .await;
        let storage = fake.storage(json!({})).await.unwrap();
        storage.health(&cx()).await.unwrap()
    };
    assert!(storage(200, 404, "").await.is_usable());
    assert!(
        storage(405, 404, "index_not_found_exception")
            .await
            .is_usable(),
        "no security"
    );
    let health = storage(401, 200, "").await;
    assert!(matches!(health.authenticated, Check::Failed(_)), "{health}");
    assert_eq!(health.reachable, Check::Ok);
    let health = storage(503, 200, "").await;
    assert!(matches!(health.reachable, Check::Failed(_)), "{health}");
    for (write, exception) in [
        (403, "security_exception"),
        (429, "cluster_block_exception"),
        (503, "unavailable_shards_exception"),
        (404, "lacks"),
    ] {
        let health = storage(200, write, exception).await;
        assert!(
            matches!(health.writable, Check::Failed(_)),
            "{exception}: {health}"
        );
        assert_eq!(health.authenticated, Check::Ok);
    }
}

#[tokio::test]
async fn a_list_that_misses_a_shard_is_an_error() {
    let fake = Fake::new(|method, path, _| match (method, path) {
        ("GET", "/socorro20*/_alias") => Some(Reply::Json(200, json!({ "socorro200743": {}, "socorro2007430": {} }))),
        ("POST", "/socorro200743/_search") => Some(Reply::Json(503, json!({ "error": { "type": "search_phase_execution_exception", "reason": "Search rejected due to missing shards" } }))),
        _ => None,
    })
    .await;
    let storage = fake.storage(json!({})).await.unwrap();
    let error = storage
        .list(&cx(), &ListRequest::day(id(1).date()))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.is_retryable());
    let empty = storage
        .list(&cx(), &ListRequest::day("2015-01-01".parse().unwrap()))
        .await
        .unwrap();
    assert!(empty.ids.is_empty() && !empty.more);
}

#[tokio::test]
async fn what_is_stored_and_no_crash_is_corrupt() {
    let fake = Fake::new(|method, path, _| {
        (method == "GET" && path.contains("/_doc/")).then(|| {
            Reply::Json(
                200,
                json!({ "found": true, "_source": { "document": "no JSON" } }),
            )
        })
    })
    .await;
    let storage = fake.storage(json!({})).await.unwrap();
    let error = storage
        .get_unredacted_processed_crash(&cx(), &id(1).into())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert_eq!(error.crash_id(), Some(id(1).as_str()));
}

/// A request that is given up in time is one whose time is the option's, not the system's.
#[tokio::test]
async fn a_read_that_hangs_ends_in_time() {
    let fake = Fake::new(|method, path, _| {
        (method == "GET" && path.contains("/_doc/")).then_some(Reply::Hang)
    })
    .await;
    let storage = fake
        .storage(json!({ "request_timeout": "2s" }))
        .await
        .unwrap();
    let id = id(1).into();
    let context = cx();
    let read = storage.get_unredacted_processed_crash(&context, &id);
    let error = tokio::time::timeout(Duration::from_secs(20), read)
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::Timeout, Applied::No)
    );
}
