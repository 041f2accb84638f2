//! What the originals wrote, in each of their schemes.

use serde_json::json;
use socorro_core::Context;
use socorro_core::crash::{Dump, DumpName, StoredId};
use socorro_core::storage::{CrashStorage, ListRequest};
use socorro_testkit_s3::Server;

use crate::support::{crash, open, open_with, save, server};

const ID: &str = "de1bb258-cbbf-4589-a673-34f801160918";
const RAW: &str = r#"{"ProductName": "Firefox", "UptimeTS": NaN}"#;

/// Puts a crash there as an original did: the raw crash at `raw`, things below `v1/THING/{between}`.
fn put(server: &Server, prefix: &str, raw: &str, between: &str, id: &str) {
    server.put(&format!("{prefix}{raw}"), RAW);
    let names = r#"["upload_file_minidump", "upload_file_minidump_flash1"]"#;
    server.put(&format!("{prefix}v1/dump_names/{between}{id}"), names);
    server.put(&format!("{prefix}v1/dump/{between}{id}"), "main");
    let flash = format!("{prefix}v1/upload_file_minidump_flash1/{between}{id}");
    server.put(&flash, "flash");
    server.put(
        &format!("{prefix}v1/processed_crash/{between}{id}"),
        r#"{"a": 1}"#,
    );
}

async fn expect(storage: &impl CrashStorage, id: &str) {
    let (cx, id) = (Context::new(), id.parse::<StoredId>().unwrap());
    let raw = storage.get_raw_crash(&cx, &id).await.unwrap();
    assert_eq!(raw.as_bytes(), RAW);
    let dumps = storage.get_dumps(&cx, &id).await.unwrap();
    let flash: DumpName = "upload_file_minidump_flash1".parse().unwrap();
    assert_eq!(
        dumps.get(&DumpName::default()),
        Some(&Dump::Bytes("main".into()))
    );
    assert_eq!(dumps.get(&flash), Some(&Dump::Bytes("flash".into())));
    assert_eq!(storage.get_dump(&cx, &id, &flash).await.unwrap(), "flash");
    let processed = storage
        .get_unredacted_processed_crash(&cx, &id)
        .await
        .unwrap();
    assert_eq!(processed.as_bytes(), r#"{"a": 1}"#);
    let catalog = storage.catalog(&cx, &id).await.unwrap();
    assert_eq!(catalog.entries.len(), 4, "{catalog:?}");
    let directory = tempfile::tempdir().unwrap();
    let files = storage
        .get_dumps_as_files(&cx, &id, directory.path())
        .await
        .unwrap();
    assert_eq!(files.len(), 2);
}

/// Every scheme, with and without a prefix: read whole, and deleted without a trace.
#[tokio::test]
async fn are_read_and_deleted() {
    let schemes = [
        (format!("v1/raw_crash/20160918/{ID}"), "", ID),
        (format!("v2/raw_crash/de1/20160918/{ID}"), "", ID),
        (format!("v1/raw_crash/{ID}"), "", ID),
        (format!("v1/raw_crash/20160918/{ID}"), "20160918/", ID),
    ];
    for (raw, between, id) in schemes {
        for prefix in ["", "dev/"] {
            let server = server().await;
            let storage = open_with(&server, &json!({ "prefix": prefix })).await;
            put(&server, prefix, &raw, between, id);
            expect(&storage, id).await;
            storage
                .delete(&Context::new(), &id.parse().unwrap())
                .await
                .unwrap();
            assert!(server.keys().is_empty(), "{raw}: {:?}", server.keys());
        }
    }
}

/// Ids that only old data has: without a day, or in capitals.
#[tokio::test]
async fn with_ids_of_old() {
    for (id, raw) in [
        (
            "de1bb258-cbbf-4589-a673-34f80xxxxxxx",
            "v1/raw_crash/de1bb258-cbbf-4589-a673-34f80xxxxxxx",
        ),
        (
            "DE1BB258-CBBF-4589-A673-34F801160918",
            "v2/raw_crash/DE1/20160918/DE1BB258-CBBF-4589-A673-34F801160918",
        ),
    ] {
        let server = server().await;
        let storage = open(&server).await;
        put(&server, "", raw, "", id);
        expect(&storage, id).await;
        storage
            .delete(&Context::new(), &id.parse().unwrap())
            .await
            .unwrap();
        assert!(server.keys().is_empty(), "{:?}", server.keys());
    }
}

/// Another prefix is looked under when it is named, and only then.
#[tokio::test]
async fn under_an_older_prefix() {
    let server = server().await;
    put(&server, "", &format!("v1/raw_crash/{ID}"), "", ID);
    let strict = open_with(&server, &json!({ "prefix": "dev" })).await;
    let id: StoredId = ID.parse().unwrap();
    let error = strict
        .get_raw_crash(&Context::new(), &id)
        .await
        .unwrap_err();
    assert!(error.is_not_found(), "{error}");
    let more = json!({ "prefix": "dev", "older_prefixes": ["", "prod/"] });
    let storage = open_with(&server, &more).await;
    expect(&storage, ID).await;
    storage.delete(&Context::new(), &id).await.unwrap();
    assert!(server.keys().is_empty(), "{:?}", server.keys());
}

/// A save over a crash of the originals replaces it: nothing at the old key, parts of one set.
#[tokio::test]
async fn are_replaced() {
    let server = server().await;
    let storage = open(&server).await;
    let sample = crash(3);
    let id = sample.id.as_str();
    put(&server, "", &format!("v1/raw_crash/{id}"), "", id);
    save(&storage, &sample).await.unwrap();
    assert!(server.object(&format!("v1/raw_crash/{id}")).is_none());
    assert!(
        server
            .object(&format!("v1/upload_file_minidump_flash1/{id}"))
            .is_none()
    );
    let dumps = storage
        .get_dumps(&Context::new(), &sample.id.into())
        .await
        .unwrap();
    assert_eq!(dumps, sample.dumps);
}

/// The originals wrote the raw crash first, so what they left may lack the rest.
#[tokio::test]
async fn that_were_cut_short() {
    let server = server().await;
    let storage = open(&server).await;
    let (cx, id) = (Context::new(), ID.parse::<StoredId>().unwrap());
    server.put(&format!("v1/raw_crash/20160918/{ID}"), RAW);
    assert!(storage.get_dumps(&cx, &id).await.unwrap().is_empty());
    server.put(&format!("v1/dump_names/{ID}"), r#"["dump", null, "", "a"]"#);
    server.put(&format!("v1/a/{ID}"), "a");
    let dumps = storage.get_dumps(&cx, &id).await.unwrap();
    assert_eq!(
        dumps.names().map(DumpName::as_str).collect::<Vec<_>>(),
        ["a"]
    );
    server.put(&format!("v1/dump_names/{ID}"), "{}");
    assert!(storage.get_dumps(&cx, &id).await.is_err());
}

/// Byte for byte what the originals expect.
#[tokio::test]
async fn read_what_is_written() {
    let server = server().await;
    let storage = open_with(&server, &json!({ "prefix": "dev/" })).await;
    let sample = crash(4);
    let id = sample.id.as_str();
    save(&storage, &sample).await.unwrap();
    storage
        .save_processed_crash(&Context::new(), &sample.id, &sample.processed)
        .await
        .unwrap();
    let names = server.object(&format!("dev/v1/dump_names/{id}")).unwrap();
    assert_eq!(names, r#"["dump", "upload_file_minidump_browser"]"#);
    let raw = server
        .object(&format!("dev/v1/raw_crash/20160918/{id}"))
        .unwrap();
    assert_eq!(&raw, sample.raw.as_bytes());
    assert!(server.object(&format!("dev/v1/dump/{id}")).is_some());
    assert!(
        server
            .object(&format!("dev/v1/upload_file_minidump_browser/{id}"))
            .is_some()
    );
    assert!(
        server
            .object(&format!("dev/v1/processed_crash/{id}"))
            .is_some()
    );
    assert_eq!(server.keys().len(), 5, "{:?}", server.keys());
}

/// Undated and v2 keys are listed when asked for.
#[tokio::test]
async fn are_listed_when_asked_for() {
    let server = server().await;
    let other = ID.replace("de1bb258", "0e1bb258");
    put(&server, "", &format!("v1/raw_crash/{ID}"), "", ID);
    server.put(&format!("v2/raw_crash/0e1/20160918/{other}"), RAW);
    let request = ListRequest::day("2016-09-18".parse().unwrap());
    for (legacy, expected) in [(false, vec![]), (true, vec![other.as_str(), ID])] {
        let storage = open_with(&server, &json!({ "list_legacy": legacy })).await;
        let page = storage.list(&Context::new(), &request).await.unwrap();
        let ids: Vec<_> = page.ids.iter().map(StoredId::as_str).collect();
        assert_eq!(ids, expected);
    }
}
