//! A server that is killed in mid-save, and connections that are cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use serde_json::json;
use socorro_core::error::Applied;
use socorro_core::storage::CrashStorage;
use socorro_core::{ErrorKind, Result};
use socorro_testkit::proxy::Proxy;
use socorro_testkit::services::{Kind, own};

use crate::place::{PATIENCE, Place, crash, cx, id};

/// Saves that wait at the same time.
const SAVERS: u32 = 600;

/// What was acknowledged is there after kill -9; what failed can be saved again; nothing is double.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_a_kill() {
    let mut own = own(Kind::Elasticsearch).unwrap();
    let place = Place::on(own.server().clone());
    let storage = place.open(&json!({})).await.unwrap();
    storage
        .save_processed_crash(&cx(), &id(0), &crash("{}"))
        .await
        .unwrap();
    let saved = Arc::new(AtomicU32::new(0));
    // Each goes on until the server is gone: however quick it is, it is killed in mid-save.
    let savers: Vec<_> = (1..=SAVERS)
        .map(|first| {
            let (storage, saved) = (storage.clone(), Arc::clone(&saved));
            tokio::spawn(async move {
                let mut number = first;
                let mut acknowledged = Vec::new();
                loop {
                    let outcome = storage
                        .save_processed_crash(&cx(), &id(number), &crash("{\"signature\":\"f\"}"))
                        .await;
                    if let Err(error) = outcome {
                        return (acknowledged, number, error);
                    }
                    saved.fetch_add(1, Ordering::SeqCst);
                    acknowledged.push(number);
                    number += SAVERS;
                }
            })
        })
        .collect();
    while saved.load(Ordering::SeqCst) < 20 && savers.iter().any(|saver| !saver.is_finished()) {
        tokio::task::yield_now().await;
    }
    assert!(saved.load(Ordering::SeqCst) >= 20, "nothing is saved");
    own.kill().unwrap();
    let mut acknowledged = vec![0];
    let mut failed = Vec::new();
    for saver in savers {
        let (saved, number, error) = saver.await.unwrap();
        assert!(
            matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout),
            "{error:?}"
        );
        assert!(error.is_retryable());
        acknowledged.extend(saved);
        failed.push(number);
    }
    let all = acknowledged.len() + failed.len();
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
    assert_eq!(place.count(), all as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_connection_is_made_again() {
    let place = Place::shared(Kind::Elasticsearch);
    let proxy = Proxy::to(place.server.address().unwrap()).unwrap();
    let url = format!("http://{}", proxy.address());
    let storage = place.open(&json!({ "urls": [url] })).await.unwrap();
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
    let short = json!({ "urls": [url], "request_timeout": "5s" });
    let storage = in_time(async || place.open(&short).await).await;
    let save = async |number| {
        storage
            .save_processed_crash(&cx(), &id(number), &crash("{}"))
            .await
    };
    // From here on it knows that the index is there: the next request is the crash.
    in_time(async || save(10).await).await;
    proxy.stall();
    let error = save(11).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.applied()),
        (ErrorKind::Timeout, Applied::Unknown)
    );
    proxy.flow();
    in_time(async || save(11).await).await;
    assert_eq!(place.count(), 12);
}

/// Again while the disk of the server takes longer than the storage waits.
async fn in_time<T>(attempt: impl AsyncFn() -> Result<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match attempt().await {
            Err(error) if error.kind() == ErrorKind::Timeout && Instant::now() < deadline => {}
            done => return done.unwrap(),
        }
    }
}
