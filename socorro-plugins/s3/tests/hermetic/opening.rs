//! Opening, health, and what goes with each write.

use serde_json::json;
use socorro_core::Context;
use socorro_core::error::ErrorKind;
use socorro_core::storage::{Check, CrashStorage};
use socorro_testkit_s3::{Action, Fault, Operation, Server};

use crate::support::{crash, open, open_with, options, save, server, try_open};

async fn refused(server: &Server, more: serde_json::Value) -> socorro_core::Error {
    match try_open(options(server, &more)).await {
        Ok(_) => panic!("it opened with {more}"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_wrong_configuration_is_told_from_a_server_that_is_not_there() {
    let server = server().await;
    let missing = refused(&server, json!({ "bucket": "missing" })).await;
    assert_eq!(missing.kind(), ErrorKind::InvalidConfig, "{missing}");
    assert!(missing.message().contains("bucket missing"), "{missing}");
    let secret = refused(&server, json!({ "secret_access_key": "guessed" })).await;
    assert_eq!(secret.kind(), ErrorKind::PermissionDenied, "{secret}");
    assert!(!secret.to_string().contains("guessed"), "{secret}");
    let key = refused(&server, json!({ "access_key_id": "nobody" })).await;
    assert_eq!(key.kind(), ErrorKind::PermissionDenied, "{key}");
    // A port on which nothing listens: one that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let gone = refused(&server, json!({ "endpoint_url": url })).await;
    assert_eq!(gone.kind(), ErrorKind::Unavailable, "{gone}");
    assert!(
        gone.is_retryable() && gone.message().contains(&url),
        "{gone}"
    );
}

#[tokio::test]
async fn a_bucket_that_may_only_be_read_opens() {
    let server = server().await;
    let whole = open(&server).await;
    save(&whole, &crash(1)).await.unwrap();
    let denied = Action::status(403, "AccessDenied");
    server.inject(Fault::new(denied.clone()).on(Operation::PutObject));
    server.inject(Fault::new(denied).on(Operation::DeleteObject));
    let storage = open(&server).await;
    let (cx, id) = (Context::new(), crash(1).id.into());
    storage.get_raw_crash(&cx, &id).await.unwrap();
    let health = storage.health(&cx).await.unwrap();
    assert_eq!(
        (&health.reachable, &health.authenticated),
        (&Check::Ok, &Check::Ok)
    );
    assert!(
        matches!(&health.writable, Check::Failed(why) if why.contains("AccessDenied")),
        "{health:?}"
    );
}

#[tokio::test]
async fn health_tells_apart() {
    let server = server().await;
    let storage = open(&server).await;
    let cx = Context::new();
    assert!(storage.health(&cx).await.unwrap().is_usable());
    assert!(server.keys().is_empty(), "{:?}", server.keys());

    server.inject(Fault::new(Action::status(403, "InvalidAccessKeyId")));
    let health = storage.health(&cx).await.unwrap();
    assert_eq!(health.failure().unwrap().0, "authenticated");
    server.clear_faults();

    server.inject(Fault::new(Action::status(404, "NoSuchBucket")));
    let health = storage.health(&cx).await.unwrap();
    assert_eq!(health.failure().unwrap().0, "writable");
    server.clear_faults();

    server.inject(Fault::new(Action::ResetAfter(0)));
    let health = storage.health(&cx).await.unwrap();
    assert_eq!(health.failure().unwrap().0, "reachable");
}

#[tokio::test]
async fn encryption_and_storage_class_go_with_each_write() {
    let server = server().await;
    let more = json!({ "sse": "aws_kms", "kms_key_id": "key", "storage_class": "STANDARD_IA" });
    let storage = open_with(&server, &more).await;
    let sample = crash(1);
    save(&storage, &sample).await.unwrap();
    for key in server.keys() {
        let (sse, class) = server.class(&key).unwrap();
        assert_eq!(sse.as_deref(), Some("aws:kms"), "{key}");
        assert_eq!(class.as_deref(), Some("STANDARD_IA"), "{key}");
    }
}
