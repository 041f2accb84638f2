//! A panic in a plugin becomes an error of kind `Plugin`.

use std::time::Duration;

use futures_util::poll;
use serde_json::json;
use socorro_core::plugin::{Kind, OpenOptions};
use socorro_core::storage::CrashStorage;
use socorro_core::{Context, ErrorKind};

use crate::scripted::{dump_name, id, open, plugin};

#[tokio::test]
async fn in_an_operation() {
    let (storage, _) = open("panic_operation").await;
    let (cx, id) = (Context::new(), id().into());
    for _ in 0..3 {
        let error = storage
            .get_dump(&cx, &id, &dump_name("panics"))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Plugin);
        assert!(
            error.message().contains("a panic with the number 7"),
            "{error}"
        );
    }
    storage.delete(&cx, &id).await.unwrap();
}

#[tokio::test]
async fn with_a_payload_that_panics_when_it_is_dropped() {
    let (storage, _) = open("panic_payload").await;
    let (cx, id) = (Context::new(), id().into());
    let error = storage
        .get_dump(&cx, &id, &dump_name("panics-with-a-grenade"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Plugin);
    storage.delete(&cx, &id).await.unwrap();
}

#[tokio::test]
async fn while_a_cancelled_future_is_dropped() {
    let (storage, probe) = open("panic_drop").await;
    let (cx, id, name) = (
        Context::new(),
        id().into(),
        dump_name("panics-while-dropped"),
    );
    let mut operation = storage.get_dump(&cx, &id, &name);
    assert!(poll!(&mut operation).is_pending());
    probe.started.acquire().await.unwrap().forget();
    drop(operation);
    storage.delete(&cx, &id).await.unwrap();
    storage.destroy(Duration::from_secs(10)).await;
}

#[tokio::test]
async fn while_an_instance_is_made() {
    let error = plugin()
        .open_storage(
            "panic_open",
            &json!({ "open": "panic" }),
            &OpenOptions::default(),
        )
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Plugin);
    assert!(error.message().contains("open panics"), "{error}");
}

#[tokio::test]
async fn while_resources_are_named() {
    let options = json!({ "resources": "panic" });
    let error = plugin()
        .resources(
            Kind::Storage,
            "panic_resources",
            &options,
            Duration::from_secs(10),
        )
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Plugin);
    assert!(error.message().contains("resources panics"), "{error}");
}
