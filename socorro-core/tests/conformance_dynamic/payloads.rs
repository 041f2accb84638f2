//! No payload is copied at the boundary.

use serde_json::json;
use socorro_core::crash::{CrashDate, CrashId, DumpName, Dumps, Limits, ProcessedCrash, RawCrash};
use socorro_core::storage::CrashStorage;
use socorro_core::{Bytes, Context};

use crate::loaded;

fn id() -> CrashId {
    CrashId::new(CrashDate::new(2026, 7, 1).unwrap(), [1; 16])
}

/// In: the plugin keeps the host's memory. Out: the host gets what the plugin keeps.
async fn crosses_without_a_copy(plugin: &str) {
    let (storage, cx) = (
        loaded::storage(plugin, &json!({})).await.unwrap(),
        Context::new(),
    );
    let limits = Limits::default();
    let raw = RawCrash::new(&br#"{"a": 1}"#[..], &limits).unwrap();
    let processed = ProcessedCrash::new(&br#"{"b": 2}"#[..], &limits).unwrap();
    let dump = Bytes::from(vec![7; 150_000]);
    storage
        .save_raw_and_processed(&cx, &id(), &raw, &Dumps::single(dump.clone()), &processed)
        .await
        .unwrap();
    let (stored, main) = (id().into(), DumpName::default());
    let back = storage.get_dump(&cx, &stored, &main).await.unwrap();
    assert_eq!((back.as_ptr(), back.len()), (dump.as_ptr(), dump.len()));
    let all = storage.get_dumps(&cx, &stored).await.unwrap();
    let Some(socorro_core::crash::Dump::Bytes(back)) = all.get(&main) else {
        panic!("{all:?}");
    };
    assert_eq!(back.as_ptr(), dump.as_ptr());
    let back = storage.get_raw_crash(&cx, &stored).await.unwrap();
    assert_eq!(back.as_bytes().as_ptr(), raw.as_bytes().as_ptr());
    let back = storage
        .get_unredacted_processed_crash(&cx, &stored)
        .await
        .unwrap();
    assert_eq!(back.as_bytes().as_ptr(), processed.as_bytes().as_ptr());
}

#[tokio::test]
async fn of_the_host_through_rust() {
    crosses_without_a_copy("memory").await;
}

#[tokio::test]
async fn of_the_host_through_c() {
    crosses_without_a_copy("cmemory").await;
}

/// Memory that the plugin made, from a file, is the same each time it is read, and outlives the instance.
#[tokio::test]
async fn of_the_plugin() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("main.dmp");
    let content = vec![9; 150_000];
    std::fs::write(&file, &content).unwrap();
    let (storage, cx) = (
        loaded::storage("memory", &json!({})).await.unwrap(),
        Context::new(),
    );
    let raw = RawCrash::new(&b"{}"[..], &Limits::default()).unwrap();
    storage
        .save_raw_crash(&cx, &id(), &raw, &Dumps::single(file))
        .await
        .unwrap();
    let (stored, main) = (id().into(), DumpName::default());
    let first = storage.get_dump(&cx, &stored, &main).await.unwrap();
    let second = storage.get_dump(&cx, &stored, &main).await.unwrap();
    assert_eq!(first.as_ptr(), second.as_ptr());
    storage.destroy(std::time::Duration::from_secs(120)).await;
    assert_eq!(first, content);
}
