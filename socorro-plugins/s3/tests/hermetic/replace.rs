//! What an equal or another save costs, and what becomes of a crash whose parts others changed.

use serde_json::json;
use socorro_core::crash::{DumpName, Dumps};
use socorro_core::error::ErrorKind;
use socorro_core::storage::CrashStorage;
use socorro_core::{Bytes, Context};
use socorro_testkit_s3::{Operation, Server};

use crate::support::{Seen, careless, crash, look, open, open_with, save, server};

fn writes(server: &Server) -> usize {
    let requests = server.requests();
    requests.iter().filter(|one| one.operation.writes()).count()
}

/// With conditions a first save is its writes and nothing else; without, one look more.
#[tokio::test]
async fn a_first_save_costs_no_look_where_conditions_are_honoured() {
    for (server, looks) in [(server().await, 0), (careless().await, 1)] {
        let storage = open(&server).await;
        server.forget_requests();
        save(&storage, &crash(1)).await.unwrap();
        // Two dumps, their names, the raw crash.
        assert_eq!(writes(&server), 4);
        assert_eq!(server.requests().len(), 4 + looks);
    }
}

#[tokio::test]
async fn conditions_can_be_switched_off() {
    let server = server().await;
    server.forget_requests();
    let storage = open_with(&server, &json!({ "conditional_writes": "never" })).await;
    assert_eq!(server.count(Operation::PutObject), 0, "it probed");
    server.forget_requests();
    save(&storage, &crash(1)).await.unwrap();
    assert_eq!(server.count(Operation::HeadObject), 1);
}

#[tokio::test]
async fn the_probe_leaves_nothing_behind() {
    let server = server().await;
    open(&server).await;
    assert_eq!(server.count(Operation::PutObject), 2);
    assert!(server.keys().is_empty(), "{:?}", server.keys());
}

#[tokio::test]
async fn an_equal_save_writes_nothing() {
    let server = server().await;
    let storage = open_with(&server, &json!({ "conditional_writes": "never" })).await;
    save(&storage, &crash(1)).await.unwrap();
    server.forget_requests();
    save(&storage, &crash(1)).await.unwrap();
    assert_eq!(writes(&server), 0, "{:?}", server.requests());
}

#[tokio::test]
async fn an_equal_save_puts_back_what_is_lost() {
    let server = server().await;
    let storage = open(&server).await;
    let sample = crash(1);
    save(&storage, &sample).await.unwrap();
    assert!(server.remove(&format!("v1/dump/{}", sample.id)));
    let id = sample.id.into();
    let error = storage.get_dumps(&Context::new(), &id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    save(&storage, &sample).await.unwrap();
    assert_eq!(look(&storage, &[&sample]).await, Seen::Whole(0));
}

/// A dump that somebody else wrote over is not given out as one of the crash.
#[tokio::test]
async fn parts_of_two_crashes_are_never_given_out_as_one() {
    let server = server().await;
    let storage = open(&server).await;
    let (sample, cx) = (crash(1), Context::new());
    save(&storage, &sample).await.unwrap();
    server.put(&format!("v1/dump/{}", sample.id), "of somebody else");
    let id = sample.id.into();
    for error in [
        storage.get_dumps(&cx, &id).await.map(drop).unwrap_err(),
        storage
            .get_dump(&cx, &id, &DumpName::default())
            .await
            .map(drop)
            .unwrap_err(),
        storage.catalog(&cx, &id).await.map(drop).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    }
}

/// More names than metadata has room for are read from their object.
#[tokio::test]
async fn names_too_many_for_metadata() {
    let server = server().await;
    let storage = open(&server).await;
    let mut sample = crash(1);
    sample.dumps = (0..64)
        .map(|number| {
            let name: DumpName = format!("{number:064}").parse().unwrap();
            (name, Bytes::from(vec![number; 10]).into())
        })
        .collect();
    save(&storage, &sample).await.unwrap();
    assert_eq!(
        server.metadata(
            &format!("v1/raw_crash/20160918/{}", sample.id),
            "socorro-dumps"
        ),
        None
    );
    assert_eq!(look(&storage, &[&sample]).await, Seen::Whole(0));
    sample.dumps = Dumps::new();
    save(&storage, &sample).await.unwrap();
    assert_eq!(look(&storage, &[&sample]).await, Seen::Whole(0));
    assert_eq!(server.keys().len(), 2, "{:?}", server.keys());
}
