//! A server that is killed in mid-save, and connections that are cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use socorro_core::ErrorKind;
use socorro_core::error::Applied;
use socorro_core::storage::CrashStorage;
use socorro_testkit::proxy::Proxy;
use socorro_testkit::services::{Kind, own};

use crate::place::{Place, crash, cx, id};

/// What was acknowledged is there after kill -9; what failed can be saved again; nothing is double.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_kill() {
    let mut own = own(Kind::Elasticsearch).unwrap();
    let place = Place::on(own.server().clone());
    let storage = place
        .open(&json!({ "request_timeout": "10s" }))
        .await
        .unwrap();
    storage
        .save_processed_crash(&cx(), &id(0), &crash("{}"))
        .await
        .unwrap();
    let saved = Arc::new(AtomicU32::new(0));
    let saves: Vec<_> = (1..=600)
        .map(|number| {
            let (storage, saved) = (storage.clone(), Arc::clone(&saved));
            tokio::spawn(async move {
                let outcome = storage
                    .save_processed_crash(&cx(), &id(number), &crash("{\"signature\":\"f\"}"))
                    .await;
                saved.fetch_add(u32::from(outcome.is_ok()), Ordering::SeqCst);
                (number, outcome)
            })
        })
        .collect();
    while saved.load(Ordering::SeqCst) < 20 {
        tokio::task::yield_now().await;
    }
    own.kill().unwrap();
    let mut acknowledged = vec![0];
    let mut failed = Vec::new();
    for save in saves {
        match save.await.unwrap() {
            (number, Ok(())) => acknowledged.push(number),
            (number, Err(error)) => {
                assert!(
                    matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout),
                    "{error:?}"
                );
                assert!(error.is_retryable());
                failed.push(number);
            }
        }
    }
    let refused = storage
        .save_processed_crash(&cx(), &id(0), &crash("{}"))
        .await
        .unwrap_err();
    assert_eq!(
        (refused.kind(), refused.applied()),
        (ErrorKind::Unavailable, Applied::No)
    );
    assert!(!storage.health(&cx()).await.unwrap().is_usable());
    own.start().unwrap();
    for number in acknowledged {
        let mut read = storage
            .get_unredacted_processed_crash(&cx(), &id(number).into())
            .await;
        // Its shards are recovered one by one after it answers.
        while read
            .as_ref()
            .is_err_and(|error| error.kind() == ErrorKind::Unavailable)
        {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            read = storage
                .get_unredacted_processed_crash(&cx(), &id(number).into())
                .await;
        }
        read.unwrap();
    }
    for number in failed {
        storage
            .save_processed_crash(&cx(), &id(number), &crash("{\"signature\":\"f\"}"))
            .await
            .unwrap();
    }
    assert_eq!(place.count(), 601);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_connection_is_made_again() {
    let place = Place::shared(Kind::Elasticsearch);
    let proxy = Proxy::to(place.server.address().unwrap()).unwrap();
    let urls = json!({ "urls": [format!("http://{}", proxy.address())], "request_timeout": "15s" });
    let storage = place.open(&urls).await.unwrap();
    storage
        .save_processed_crash(&cx(), &id(0), &crash("{}"))
        .await
        .unwrap();
    for number in 1..10 {
        proxy.cut();
        // The pool may find out only by using the connection; the next save has a new one.
        let mut save = storage
            .save_processed_crash(&cx(), &id(number), &crash("{}"))
            .await;
        if let Err(error) = &save {
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
            assert!(error.is_retryable());
            save = storage
                .save_processed_crash(&cx(), &id(number), &crash("{}"))
                .await;
        }
        save.unwrap();
    }
    proxy.stall();
    let error = storage
        .save_processed_crash(&cx(), &id(10), &crash("{}"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::Timeout, Applied::Unknown)
    );
    proxy.flow();
    storage
        .save_processed_crash(&cx(), &id(10), &crash("{}"))
        .await
        .unwrap();
    assert_eq!(place.count(), 11);
}
