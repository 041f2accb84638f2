//! What crosses arrives whole, and payloads are not copied.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use socorro_core::crash::{Dump, Dumps, Limits, RawCrash, StoredId};
use socorro_core::error::Applied;
use socorro_core::plugin::{Kind, OpenOptions};
use socorro_core::source::{NewCrashSource, Receive, Settlement, Token};
use socorro_core::storage::{Capabilities, CrashStorage, Health, ListRequest};
use socorro_core::{Bytes, Context, ErrorKind};

use crate::scripted::{dump_name, id, open, plugin, rich_error};

fn raw_crash() -> RawCrash {
    RawCrash::new(br#"{"ProductName":"Test"}"#.to_vec(), &Limits::default()).unwrap()
}

#[tokio::test]
async fn payloads_are_not_copied_in_either_direction() {
    let (storage, probe) = open("no_copy").await;
    let raw = raw_crash();
    let dump = Bytes::from(vec![7; 150_000]);
    let dumps = Dumps::single(dump.clone()).with(dump_name("file"), PathBuf::from("/tmp/dump"));
    let cx = Context::new();
    storage
        .save_raw_crash(&cx, &id(), &raw, &dumps)
        .await
        .unwrap();

    let place = |bytes: &Bytes| (bytes.as_ptr() as usize, bytes.len());
    assert_eq!(
        *probe.arrived.lock().unwrap(),
        [place(raw.as_bytes()), (0, "/tmp/dump".len()), place(&dump)]
    );

    let back = storage.get_raw_crash(&cx, &id().into()).await.unwrap();
    assert_eq!(place(back.as_bytes()), place(raw.as_bytes()));
    let dumps = storage.get_dumps(&cx, &id().into()).await.unwrap();
    match dumps.get(&dump_name("dump")) {
        Some(Dump::Bytes(bytes)) => assert_eq!(place(bytes), place(raw.as_bytes())),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        dumps.get(&dump_name("empty")),
        Some(&Dump::Bytes(Bytes::new()))
    );
}

#[tokio::test]
async fn a_payload_outlives_the_instance_it_came_from() {
    let (storage, _) = open("outlives").await;
    let cx = Context::new();
    storage
        .save_raw_crash(&cx, &id(), &raw_crash(), &Dumps::new())
        .await
        .unwrap();
    let back = storage.get_raw_crash(&cx, &id().into()).await.unwrap();
    storage.destroy(Duration::from_secs(10)).await;
    assert_eq!(back, raw_crash());
}

#[tokio::test]
async fn an_error_crosses_whole() {
    let (storage, _) = open("error").await;
    let error = storage
        .catalog(&Context::new(), &id().into())
        .await
        .unwrap_err();
    assert_eq!(error, rich_error());
}

#[tokio::test]
async fn an_error_without_details_gets_operation_and_crash() {
    let (storage, _) = open("error_names").await;
    let error = storage
        .get_unredacted_processed_crash(&Context::new(), &id().into())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(error.operation(), Some("get_processed_crash"));
    assert_eq!(error.crash_id(), Some(id().as_str()));
    assert_eq!(error.applied(), Applied::No);
}

#[tokio::test]
async fn trace_and_deadline_reach_the_plugin() {
    let (storage, probe) = open("context").await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let cx = Context::new()
        .with_timeout(Duration::from_secs(60))
        .with_trace_parent(trace);
    storage
        .save_raw_crash(&cx, &id(), &raw_crash(), &Dumps::new())
        .await
        .unwrap();
    let seen = probe.context.lock().unwrap().take().unwrap();
    assert_eq!(seen.trace_parent(), Some(trace));
    let remaining = seen.remaining().unwrap();
    assert!(remaining <= Duration::from_secs(60), "{remaining:?}");
    assert!(remaining > Duration::from_secs(30), "{remaining:?}");
}

#[tokio::test]
async fn a_list_that_answers_something_else_is_refused() {
    let (storage, _) = open("list").await;
    let error = storage
        .list(&Context::new(), &ListRequest::day(id().date()))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Plugin);
    assert!(error.message().contains("comes after"), "{error}");
    assert!(error.message().contains("plugin scripted"), "{error}");
}

#[tokio::test]
async fn health_and_delete_and_close_come_back() {
    let (storage, _) = open("small").await;
    let cx = Context::new();
    let stored = StoredId::from(id());
    assert_eq!(storage.health(&cx).await.unwrap(), Health::unknown());
    storage.delete(&cx, &stored).await.unwrap();
    storage.close(&cx).await.unwrap();
}

#[tokio::test]
async fn a_source_receives_and_settles() {
    let source = plugin()
        .open_source("nothing", &serde_json::json!({}), &OpenOptions::default())
        .await
        .unwrap();
    let cx = Context::new();
    let request = Receive {
        max: NonZeroUsize::new(3).unwrap(),
        wait: Duration::ZERO,
    };
    let deliveries = source.receive(&cx, request).await.unwrap();
    assert_eq!(deliveries.len(), 1);
    assert_eq!(deliveries[0].id, StoredId::from(id()));
    assert_eq!(deliveries[0].token, Token(3));
    source.settle(&cx, Token(3), Settlement::Ack).await.unwrap();
    let reason = "unreadable \u{1f980}".to_owned();
    let error = source
        .settle(&cx, Token(3), Settlement::Nack { reason })
        .await
        .unwrap_err();
    assert_eq!(error.message(), "unreadable \u{1f980}");
    source.close(&cx).await.unwrap();
}

#[test]
fn a_plugin_says_what_it_is() {
    let plugin = plugin();
    assert_eq!(plugin.name(), "scripted");
    assert_eq!(plugin.version(), env!("CARGO_PKG_VERSION"));
    assert_eq!(plugin.abi(), (0, 1));
    assert_eq!(plugin.kinds(), Kind::ALL);
    assert_eq!(plugin.capabilities(), Capabilities::FULL);
    let schema = plugin.options_schema(Kind::Storage).unwrap();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    assert_eq!(schema["properties"]["open"]["default"], "succeed");
    assert_eq!(schema["additionalProperties"], false);
}
