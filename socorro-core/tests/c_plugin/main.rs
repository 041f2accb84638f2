//! A storage in plain C, over the same host as every other.
// Helpers of tests fail like tests; clippy's leave for tests ends at the functions marked so.
#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod conformance;
mod library;

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::poll;
use library::{open, open_with, plugin};
use serde_json::json;
use socorro_core::crash::{
    CrashDate, CrashId, Dump, DumpName, Dumps, Limits, ProcessedCrash, RawCrash, StoredId,
};
use socorro_core::plugin::{Destroyed, Kind, OpenOptions};
use socorro_core::storage::{
    Capabilities, Catalog, CatalogEntry, CrashStorage, Health, ListRequest, Part,
};
use socorro_core::{Bytes, Context, ErrorKind};

fn id(number: u8, day: u8) -> CrashId {
    let date = CrashDate::new(2026, 7, day).unwrap();
    CrashId::new(date, [number; 16])
}

fn raw(json: &str) -> RawCrash {
    RawCrash::new(json.as_bytes().to_vec(), &Limits::default()).unwrap()
}

fn processed(json: &str) -> ProcessedCrash {
    ProcessedCrash::new(json.as_bytes().to_vec(), &Limits::default()).unwrap()
}

fn name(name: &str) -> DumpName {
    name.parse().unwrap()
}

#[test]
fn it_says_what_it_is() {
    let plugin = plugin();
    assert_eq!(plugin.name(), "cmemory");
    assert_eq!(plugin.version(), "0.1.0");
    assert_eq!(plugin.kinds(), [Kind::Storage]);
    assert_eq!(plugin.capabilities(), Capabilities::FULL);
    let schema = plugin.options_schema(Kind::Storage).unwrap();
    assert_eq!(schema["properties"]["max_crashes"]["type"], "integer");
    assert_eq!(plugin.options_schema(Kind::Source), None);
}

#[tokio::test]
async fn what_is_saved_is_read_without_a_copy() {
    let (storage, cx, id) = (open("saves").await, Context::new(), id(1, 1));
    let (first, dump) = (raw(r#"{"a": 1}"#), Bytes::from(vec![3; 150_000]));
    let dumps = Dumps::single(dump.clone()).with(name("browser"), Bytes::new());
    storage
        .save_raw_crash(&cx, &id, &first, &dumps)
        .await
        .unwrap();

    let stored = StoredId::from(id);
    let back = storage.get_raw_crash(&cx, &stored).await.unwrap();
    assert_eq!(back, first);
    assert_eq!(back.as_bytes().as_ptr(), first.as_bytes().as_ptr());
    let back = storage.get_dump(&cx, &stored, &name("dump")).await.unwrap();
    assert_eq!(back.as_ptr(), dump.as_ptr());
    assert_eq!(storage.get_dumps(&cx, &stored).await.unwrap(), dumps);

    // Again, with other bytes: the whole set is replaced.
    let (second, dumps) = (raw(r#"{"a": 2}"#), Dumps::new());
    let result = processed(r#"{"done": true}"#);
    storage
        .save_raw_and_processed(&cx, &id, &second, &dumps, &result)
        .await
        .unwrap();
    assert_eq!(storage.get_raw_crash(&cx, &stored).await.unwrap(), second);
    assert_eq!(storage.get_dumps(&cx, &stored).await.unwrap(), dumps);
    let back = storage.get_unredacted_processed_crash(&cx, &stored).await;
    assert_eq!(back.unwrap(), result);
}

#[tokio::test]
async fn dumps_go_in_and_out_as_files() {
    let (storage, cx, id) = (open("files").await, Context::new(), id(1, 1));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("in.dmp");
    let content = vec![9; 200_000];
    std::fs::write(&file, &content).unwrap();
    storage
        .save_raw_crash(&cx, &id, &raw("{}"), &Dumps::single(file.clone()))
        .await
        .unwrap();
    std::fs::remove_file(&file).unwrap();

    let out = storage
        .get_dumps_as_files(&cx, &id.into(), directory.path())
        .await
        .unwrap();
    let path = directory
        .path()
        .join(format!("{id}.upload_file_minidump.dump"));
    assert_eq!(out, Dumps::single(path.clone()));
    assert_eq!(std::fs::read(path).unwrap(), content);

    let error = storage
        .save_raw_crash(&cx, &id, &raw("{}"), &Dumps::single(file.clone()))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.message().contains(file.to_str().unwrap()), "{error}");
    assert_eq!(error.causes(), ["No such file or directory"]);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let (storage, cx) = (open("absent").await, Context::new());
    let stored = StoredId::from(id(1, 1));
    let directory = tempfile::tempdir().unwrap();
    let errors = [
        storage.get_raw_crash(&cx, &stored).await.unwrap_err(),
        storage
            .get_dump(&cx, &stored, &name("dump"))
            .await
            .unwrap_err(),
        storage.get_dumps(&cx, &stored).await.unwrap_err(),
        storage
            .get_dumps_as_files(&cx, &stored, directory.path())
            .await
            .unwrap_err(),
        storage
            .get_unredacted_processed_crash(&cx, &stored)
            .await
            .unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert_eq!(error.crash_id(), Some(stored.as_str()));
    }
    assert!(storage.catalog(&cx, &stored).await.unwrap().is_empty());
    storage.delete(&cx, &stored).await.unwrap();
    assert_eq!(storage.health(&cx).await.unwrap(), Health::ok());
}

#[tokio::test]
async fn the_catalog_tells_parts_and_sizes_and_delete_removes_all() {
    let (storage, cx, id) = (open("catalog").await, Context::new(), id(1, 1));
    let stored = StoredId::from(id);
    storage
        .save_raw_and_processed(
            &cx,
            &id,
            &raw(r#"{"a": 1}"#),
            &Dumps::single(vec![0; 10]),
            &processed("{}"),
        )
        .await
        .unwrap();
    let entry = |part, size| CatalogEntry {
        part,
        size: Some(size),
    };
    let catalog = storage.catalog(&cx, &stored).await.unwrap();
    assert_eq!(
        catalog,
        Catalog {
            entries: vec![
                entry(Part::RawCrash, 8),
                entry(Part::Dump(DumpName::default()), 10),
                entry(Part::ProcessedCrash, 2),
            ]
        }
    );
    storage.delete(&cx, &stored).await.unwrap();
    assert!(storage.catalog(&cx, &stored).await.unwrap().is_empty());
}

#[tokio::test]
async fn lists_are_ascending_by_day_and_come_in_pages() {
    let (storage, cx) = (open("list").await, Context::new());
    let mut all = Vec::new();
    // Saved in an order that is neither that of days nor that of texts.
    for (number, day) in [(9, 2), (1, 3), (5, 1), (7, 2), (3, 4), (8, 2)] {
        let id = id(number, day);
        storage
            .save_processed_crash(&cx, &id, &processed("{}"))
            .await
            .unwrap();
        if day < 4 {
            all.push(StoredId::from(id));
        }
    }
    all.sort();
    let day = |day| CrashDate::new(2026, 7, day).unwrap();
    let mut request = Some(ListRequest {
        limit: 2,
        ..ListRequest::days(day(1), day(3))
    });
    let mut listed = Vec::new();
    let mut pages = 0;
    while let Some(now) = request {
        let page = storage.list(&cx, &now).await.unwrap();
        request = now.next(&page);
        listed.extend(page.ids);
        pages += 1;
    }
    assert_eq!(listed, all);
    assert_eq!(pages, 3);
}

#[tokio::test]
async fn options_hold() {
    let storage = open_with("full", json!({ "max_crashes": 1 })).await;
    let cx = Context::new();
    let (one, two) = (id(1, 1), id(2, 1));
    let save = async |id| {
        storage
            .save_raw_crash(&cx, id, &raw("{}"), &Dumps::single(vec![1]))
            .await
    };
    save(&one).await.unwrap();
    save(&one).await.unwrap();
    let error = save(&two).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.is_retryable());
    assert!(error.message().contains("max_crashes = 1"), "{error}");

    let error = plugin()
        .open_storage(
            "none",
            &json!({ "max_crashes": 0 }),
            &OpenOptions::default(),
        )
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
}

#[tokio::test]
async fn dropped_operations_are_cancelled_and_release_what_they_hold() {
    let storage = open_with("paused", json!({ "paused": true })).await;
    let (cx, id) = (Context::new(), id(1, 1));
    let released = Released::default();
    let dumps = Dumps::single(released.bytes());
    let raw = raw("{}");
    let mut save = storage.save_raw_crash(&cx, &id, &raw, &dumps);
    assert!(poll!(&mut save).is_pending());
    drop(save);
    drop(dumps);
    released.wait().await;
    assert_eq!(plugin().stray_answers(), 0);
}

#[tokio::test]
async fn destroying_cancels_what_is_in_flight() {
    let storage = open_with("destroyed", json!({ "paused": true })).await;
    let (cx, stored) = (Context::new(), StoredId::from(id(1, 1)));
    let mut running: Vec<_> = (0..50).map(|_| storage.delete(&cx, &stored)).collect();
    for operation in &mut running {
        assert!(poll!(operation).is_pending());
    }
    let destroyed = storage.clone().destroy(Duration::from_secs(20)).await;
    assert_eq!(destroyed, Destroyed::Clean);
    for outcome in join_all(running).await {
        assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Cancelled);
    }
    assert_eq!(plugin().stray_answers(), 0);
}

#[tokio::test]
async fn what_was_read_outlives_the_storage() {
    let (storage, cx, id) = (open("outlives").await, Context::new(), id(1, 1));
    let released = Released::default();
    let dumps = Dumps::single(released.bytes());
    storage
        .save_raw_crash(&cx, &id, &raw("{}"), &dumps)
        .await
        .unwrap();
    drop(dumps);
    let back = storage.get_dumps(&cx, &id.into()).await.unwrap();
    storage.close(&cx).await.unwrap();
    storage.destroy(Duration::from_secs(20)).await;
    let Some(Dump::Bytes(bytes)) = back.get(&DumpName::default()) else {
        panic!("{back:?}");
    };
    assert_eq!(&bytes[..], b"payload");
    drop(back);
    released.wait().await;
}

/// A payload that tells when it is released.
#[derive(Default, Clone)]
struct Released(std::sync::Arc<tokio::sync::Notify>);

struct Payload(Released);

impl AsRef<[u8]> for Payload {
    fn as_ref(&self) -> &[u8] {
        b"payload"
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        self.0.0.notify_one();
    }
}

impl Released {
    fn bytes(&self) -> Bytes {
        Bytes::from_owner(Payload(self.clone()))
    }

    async fn wait(&self) {
        self.0.notified().await;
    }
}
