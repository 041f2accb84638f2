//! The end of an instance.

use std::time::Duration;

use futures_util::future::join_all;
use socorro_core::plugin::Destroyed;
use socorro_core::storage::CrashStorage;
use socorro_core::{Context, ErrorKind};

use crate::scripted::{dump_name, id, open, plugin};

const LONG: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_in_flight_end_as_cancelled() {
    let (storage, probe) = open("destroy_in_flight").await;
    let running: Vec<_> = (0..50)
        .map(|_| {
            let storage = storage.clone();
            tokio::spawn(async move {
                storage
                    .get_dump(&Context::new(), &id().into(), &dump_name("pending"))
                    .await
            })
        })
        .collect();
    probe.started.acquire_many(50).await.unwrap().forget();
    storage.clone().destroy(LONG).await;
    for outcome in join_all(running).await {
        assert_eq!(outcome.unwrap().unwrap_err().kind(), ErrorKind::Cancelled);
    }
    probe.dropped.acquire_many(50).await.unwrap().forget();
    assert_eq!(plugin().stray_answers(), 0);

    let after = storage
        .delete(&Context::new(), &id().into())
        .await
        .unwrap_err();
    assert_eq!(after.kind(), ErrorKind::Cancelled);
    assert!(after.message().contains("nothing was begun"), "{after}");
}

#[tokio::test]
async fn destroying_twice_is_destroying_once() {
    let (storage, _) = open("destroy_twice").await;
    let clone = storage.clone();
    let (one, two) = tokio::join!(storage.destroy(LONG), clone.destroy(LONG));
    assert_eq!((one, two), (Destroyed::Clean, Destroyed::Clean));
}
