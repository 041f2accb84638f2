//! Making instances.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use socorro_core::ErrorKind;
use socorro_core::plugin::{Kind, OpenOptions, Plugin, Resource};

use crate::scripted::{PLUGIN, plugin, probe, rich_error};

#[test]
fn a_linked_plugin_is_entered_once() {
    assert!(Arc::ptr_eq(
        &plugin(),
        &Plugin::from_static(PLUGIN).unwrap()
    ));
}

#[tokio::test]
async fn resources_cross() {
    let ask = |options| async move {
        plugin()
            .resources(
                Kind::Storage,
                "resources",
                &options,
                Duration::from_secs(10),
            )
            .await
    };
    assert_eq!(
        ask(json!({})).await.unwrap(),
        [Resource::new("place", "here")]
    );
    assert_eq!(
        ask(json!({ "resources": "fail" })).await.unwrap_err(),
        rich_error()
    );
    let wrong = ask(json!({ "resource": "fail" })).await.unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::InvalidConfig);
    assert!(wrong.message().contains("unknown field"), "{wrong}");
}

#[tokio::test]
async fn an_instance_that_refuses_says_why_whole() {
    let error = plugin()
        .open_storage(
            "refuses",
            &json!({ "open": "fail" }),
            &OpenOptions::default(),
        )
        .await
        .unwrap_err();
    assert_eq!(error, rich_error());
}

#[tokio::test]
async fn an_instance_that_is_never_ready_times_out_and_its_future_is_dropped() {
    let open = OpenOptions {
        timeout: Duration::from_millis(50),
        ..OpenOptions::default()
    };
    let error = plugin()
        .open_storage("never_ready", &json!({ "open": "hang" }), &open)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    probe("never_ready")
        .dropped
        .acquire()
        .await
        .unwrap()
        .forget();
}

#[tokio::test]
async fn resources_that_hang_time_out() {
    let options = json!({ "resources": "hang" });
    let error = plugin()
        .resources(
            Kind::Storage,
            "resources_hang",
            &options,
            Duration::from_millis(20),
        )
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message().contains("plugin scripted"), "{error}");
}
