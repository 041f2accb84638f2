//! What the server says, as the model has it.

use std::time::Duration;

use serde_json::json;
use socorro_core::Context;
use socorro_core::crash::StoredId;
use socorro_core::error::{Applied, ErrorKind, Scope};
use socorro_core::storage::CrashStorage;
use socorro_testkit_s3::{Action, Fault, Operation, Server};

use crate::support::{crash, open, open_with, save, server};

fn slow_down(retry_after: Option<u64>) -> Action {
    Action::Status {
        status: 503,
        code: "SlowDown".into(),
        retry_after,
    }
}

/// A throttled request is sent once, and says when to come back.
#[tokio::test]
async fn throttled_says_when_and_is_not_retried() {
    let server = server().await;
    let storage = open(&server).await;
    for after in [None, Some(7)] {
        server.clear_faults();
        server.inject(Fault::new(slow_down(after)));
        server.forget_requests();
        let error = save(&storage, &crash(1)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Throttled, "{error:?}");
        assert_eq!(error.retry_after(), after.map(Duration::from_secs));
        assert_eq!(
            (error.scope(), error.applied()),
            (Scope::Store, Applied::No)
        );
        assert_eq!(server.requests().len(), 1, "{:?}", server.requests());
    }
}

/// No error of any kind is tried again by the client.
#[tokio::test]
async fn nothing_is_retried() {
    let server = server().await;
    let storage = open(&server).await;
    let id: StoredId = crash(1).id.into();
    for action in [
        Action::status(500, "InternalError"),
        Action::status(503, "ServiceUnavailable"),
        Action::status(400, "RequestTimeout"),
        Action::status(403, "RequestTimeTooSkewed"),
        Action::LoseAnswer,
    ] {
        server.inject(Fault::new(action.clone()));
        server.forget_requests();
        let error = storage
            .get_raw_crash(&Context::new(), &id)
            .await
            .unwrap_err();
        assert_eq!(server.requests().len(), 1, "{action:?}: {error:?}");
        assert!(error.is_retryable(), "{error:?}");
        server.clear_faults();
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_crash() {
    let server = server().await;
    let storage = open(&server).await;
    let sample = crash(1);
    save(&storage, &sample).await.unwrap();
    let truncated = Fault::new(Action::TruncateAnswer(20)).on(Operation::GetObject);
    server.inject(truncated);
    let (cx, id) = (Context::new(), sample.id.into());
    let error = storage.get_raw_crash(&cx, &id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    let out = tempfile::tempdir().unwrap();
    let files = storage.get_dumps_as_files(&cx, &id, out.path()).await;
    assert_eq!(files.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(
        std::fs::read_dir(out.path()).unwrap().count(),
        0,
        "a half file was left"
    );
}

/// A request has a time limit, and an operation a deadline.
#[tokio::test]
async fn a_server_that_hangs_is_given_up() {
    let server = server().await;
    let storage = open_with(&server, &json!({ "request_timeout": "3s" })).await;
    let sample = crash(1);
    for (operation, applied) in [("dump_names", Applied::No), ("raw_crash", Applied::Unknown)] {
        server.inject(Fault::new(Action::Stall).with_key(operation));
        let error = save(&storage, &sample).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.applied()),
            (ErrorKind::Timeout, applied),
            "{error:?}"
        );
        assert!(error.message().contains("request_timeout"), "{error}");
        server.clear_faults();
    }
    let cx = Context::new().with_timeout(Duration::from_millis(100));
    server.inject(Fault::new(Action::Stall));
    let error = storage
        .get_raw_crash(&cx, &sample.id.into())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
}

#[tokio::test]
async fn each_says_what_to_do() {
    let server = server().await;
    let storage = open(&server).await;
    let cases = [
        (
            404,
            "NoSuchBucket",
            ErrorKind::InvalidConfig,
            "correct `bucket`",
        ),
        (
            403,
            "SignatureDoesNotMatch",
            ErrorKind::PermissionDenied,
            "secret_access_key",
        ),
        (
            403,
            "AccessDenied",
            ErrorKind::PermissionDenied,
            "docs/s3.md",
        ),
        (
            400,
            "ExpiredToken",
            ErrorKind::PermissionDenied,
            "session_token",
        ),
        (403, "RequestTimeTooSkewed", ErrorKind::Unavailable, "clock"),
        (
            400,
            "XAmzContentSHA256Mismatch",
            ErrorKind::InvalidConfig,
            "checksums = \"when_required\"",
        ),
        (
            501,
            "NotImplemented",
            ErrorKind::InvalidConfig,
            "checksums = \"when_required\"",
        ),
        (400, "BadDigest", ErrorKind::Unavailable, "damaged"),
        (
            400,
            "AuthorizationHeaderMalformed",
            ErrorKind::InvalidConfig,
            "`region`",
        ),
    ];
    // Each under an id of its own: of one that has leftovers the head is looked at, and it has no code.
    for (seed, (status, code, kind, advice)) in cases.into_iter().enumerate() {
        let sample = crash(seed as u64);
        server.inject(Fault::new(Action::status(status, code)).with_key("raw_crash"));
        let error = save(&storage, &sample).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        let text = error.to_string();
        assert!(text.contains(advice) && text.contains(code), "{text}");
        assert!(
            text.contains(&server.url()) && text.contains(Server::BUCKET),
            "{text}"
        );
        assert!(text.contains(sample.id.as_str()), "{text}");
        server.clear_faults();
    }
}

/// A server is not believed to have a reasonable size.
#[tokio::test]
async fn an_object_that_is_too_large_is_not_read() {
    let server = server().await;
    let storage = open_with(&server, &json!({ "max_object_size": "1KiB" })).await;
    let id = crash(1).id;
    server.put(&format!("v1/raw_crash/20160918/{id}"), vec![b' '; 2000]);
    let error = storage
        .get_raw_crash(&Context::new(), &id.into())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}");
    assert!(error.message().contains("max_object_size"), "{error}");
}
