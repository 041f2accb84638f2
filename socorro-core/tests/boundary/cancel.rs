//! Dropping the future of an operation cancels it, whenever that happens.

use std::time::Duration;

use futures_util::poll;
use socorro_core::crash::{Limits, ProcessedCrash};
use socorro_core::error::Applied;
use socorro_core::storage::CrashStorage;
use socorro_core::{Context, ErrorKind};

use crate::scripted::{dump_name, id, open, plugin};

#[tokio::test]
async fn dropped_before_it_was_polled_nothing_begins() {
    let (storage, probe) = open("cancel_unpolled").await;
    let (cx, id, name) = (Context::new(), id().into(), dump_name("pending"));
    drop(storage.get_dump(&cx, &id, &name));
    // The next operation is submitted after the one that never was.
    storage.delete(&cx, &id).await.unwrap();
    assert_eq!(probe.started.available_permits(), 0);
}

#[tokio::test]
async fn dropped_while_it_runs_the_plugins_future_is_dropped() {
    let (storage, probe) = open("cancel_running").await;
    let (cx, id, name) = (Context::new(), id().into(), dump_name("pending"));
    for _ in 0..100 {
        let mut operation = storage.get_dump(&cx, &id, &name);
        assert!(poll!(&mut operation).is_pending());
        probe.started.acquire().await.unwrap().forget();
        drop(operation);
        probe.dropped.acquire().await.unwrap().forget();
    }
    assert_eq!(plugin().stray_answers(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_while_the_answer_is_on_its_way_nothing_is_lost_or_twice() {
    let (storage, _) = open("cancel_racing").await;
    let (cx, id, name) = (Context::new(), id().into(), dump_name("yields"));
    for round in 0..2000 {
        let mut operation = storage.get_dump(&cx, &id, &name);
        let mut ready = poll!(&mut operation);
        // A different number of polls each time, so that the drop meets every stage.
        for _ in 0..round % 8 {
            if ready.is_ready() {
                break;
            }
            tokio::task::yield_now().await;
            ready = poll!(&mut operation);
        }
        drop(operation);
    }
    assert_eq!(
        &storage.get_dump(&cx, &id, &name).await.unwrap()[..],
        b"back"
    );
    assert_eq!(plugin().stray_answers(), 0);
}

#[tokio::test]
async fn the_deadline_ends_an_operation_and_drops_the_plugins_future() {
    let (storage, probe) = open("deadline").await;
    let cx = Context::new().with_timeout(Duration::from_secs(2));
    let processed = ProcessedCrash::new(b"{}".to_vec(), &Limits::default()).unwrap();
    let error = storage
        .save_processed_crash(&cx, &id(), &processed)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.is_retryable());
    assert_eq!(error.applied(), Applied::Unknown);
    assert_eq!(error.operation(), Some("save_processed_crash"));
    assert_eq!(error.crash_id(), Some(id().as_str()));
    probe.dropped.acquire().await.unwrap().forget();
}

#[tokio::test]
async fn a_deadline_that_has_passed_begins_nothing() {
    let (storage, probe) = open("deadline_passed").await;
    let cx = Context::new().with_timeout(Duration::ZERO);
    let processed = ProcessedCrash::new(b"{}".to_vec(), &Limits::default()).unwrap();
    let error = storage
        .save_processed_crash(&cx, &id(), &processed)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.applied(), Applied::No);
    storage.delete(&Context::new(), &id().into()).await.unwrap();
    assert_eq!(probe.started.available_permits(), 0);
}
