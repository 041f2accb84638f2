//! Opening: whose template it is, who we are, what is deleted.

use std::sync::Arc;

use serde_json::json;
use socorro_core::ErrorKind;
use socorro_core::storage::{Capabilities, CrashStorage};
use tokio::sync::Notify;

use crate::fake::{Fake, Reply, crash, cx, id};

#[tokio::test]
async fn a_template_of_somebody_else_stays() {
    let fake = Fake::new(|method, path, _| {
        (method == "GET" && path == "/_index_template/socorro").then(|| {
            Reply::Json(200, json!({ "index_templates": [{ "name": "socorro", "index_template": { "version": 7, "_meta": { "owner": "them" } } }] }))
        })
    })
    .await;
    let error = fake.storage(json!({})).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(error.message().contains("manage_template"), "{error}");
    assert!(!fake.requests().iter().any(|line| line.starts_with("PUT")));
    fake.storage(json!({ "manage_template": false }))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_later_template_of_ours_stays_and_an_equal_one_is_put() {
    for (version, puts) in [(u64::MAX, 0), (1, 1), (0, 1)] {
        let fake = Fake::new(move |method, path, _| {
            (method == "GET" && path == "/_index_template/socorro").then(|| {
                Reply::Json(
                    200,
                    json!({ "index_templates": [{ "name": "socorro", "index_template": {
                    "version": version, "_meta": { "owner": "socorro-plugin-elasticsearch" },
                } }] }),
                )
            })
        })
        .await;
        fake.storage(json!({})).await.unwrap();
        let put = fake
            .requests()
            .iter()
            .filter(|line| line.starts_with("PUT"))
            .count();
        assert_eq!(put, puts, "version {version}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_know_us_is_told_at_once() {
    for manage in [true, false] {
        let fake = Fake::new(|_, _, _| Some(Reply::Json(401, json!({ "error": { "type": "security_exception", "reason": "unable to authenticate" } })))).await;
        let options = json!({ "username": "me", "password": "hunter2", "manage_template": manage });
        let error = fake.storage(options).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        assert!(!error.is_retryable());
        assert!(!format!("{error:?} {error}").contains("hunter2"));
    }
}

#[tokio::test]
async fn a_key_that_is_none_is_a_wrong_configuration() {
    let fake = Fake::new(|_, _, _| None).await;
    for key in ["", "a b", "a\nb", "é", "id:secret"] {
        let error = fake.storage(json!({ "api_key": key })).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{key:?}");
    }
    fake.storage(json!({ "api_key": "bGluZQ==\n" }))
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_not_kept_cannot_be_read() {
    let fake = Fake::new(|_, _, _| None).await;
    let storage = fake
        .storage(json!({ "keep_document": false }))
        .await
        .unwrap();
    assert!(!storage.capabilities().contains(Capabilities::GET_PROCESSED));
    let error = storage
        .get_unredacted_processed_crash(&cx(), &id(1).into())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    storage
        .save_processed_crash(
            &cx(),
            &id(1),
            &crash("{\"secret\":\"x\",\"signature\":\"f\"}"),
        )
        .await
        .unwrap();
    assert!(!fake.batches()[0][0].document.to_string().contains("secret"));
}

/// By exact name, of the names that are ours, those that are old.
#[tokio::test]
async fn retention_deletes_old_indices_and_nothing_else() {
    let deleted = Arc::new(Notify::new());
    let told = Arc::clone(&deleted);
    let fake = Fake::new(move |method, path, _| {
        if method == "DELETE" && path == "/socorro201637" {
            told.notify_one();
        }
        (path == "/socorro20*/_alias").then(|| {
            Reply::Json(200, json!({
                "socorro201636": {}, "socorro201637": {}, "socorro209901": {}, "socorro201637-old": {},
                "socorro2016": {}, "socorro201699": {}, "socorro20": {}, "others": {},
            }))
        })
    })
    .await;
    let storage = fake.storage(json!({ "retention": "30d" })).await.unwrap();
    deleted.notified().await;
    storage.close(&cx()).await.unwrap();
    let deletes: Vec<String> = fake
        .requests()
        .into_iter()
        .filter(|line| line.starts_with("DELETE"))
        .collect();
    assert_eq!(deletes, ["DELETE /socorro201636", "DELETE /socorro201637"]);
}
