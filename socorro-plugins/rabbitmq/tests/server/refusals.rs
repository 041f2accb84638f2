//! What the broker refuses, and what `health` says of it.

use serde_json::{Value, json};
use socorro_core::error::{Error, ErrorKind};
use socorro_core::storage::{Check, CrashStorage, Health};

use crate::support::{Vhost, cx, escape, ids, save, source, storage};

async fn refused(options: &Value) -> [Error; 2] {
    let (storage, source) = (storage(options).await, source(options).await);
    [
        storage.map(drop).unwrap_err(),
        source.map(drop).unwrap_err(),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password() {
    let vhost = Vhost::shared();
    let options = vhost.options("socorro-publisher", &json!({ "password": "hunter2" }));
    for error in refused(&options).await {
        assert_eq!(
            (error.kind(), error.is_retryable()),
            (ErrorKind::PermissionDenied, false),
            "{error:?}"
        );
        assert!(
            error
                .message()
                .contains("check the user in url, and password"),
            "{error}"
        );
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_virtual_host_that_is_not_there_or_not_ours() {
    let vhost = Vhost::shared();
    let place = vhost.server.url.strip_prefix("amqp://").unwrap();
    let user = escape(&vhost.user("socorro-publisher"));
    for (name, kind) in [
        ("nowhere", ErrorKind::InvalidConfig),
        ("%2F", ErrorKind::PermissionDenied),
    ] {
        let options = json!({ "url": format!("amqp://{user}@{place}/{name}"), "password": crate::support::PASSWORD });
        for error in refused(&options).await {
            assert_eq!(
                (error.kind(), error.is_retryable()),
                (kind, false),
                "{error:?}"
            );
            assert!(error.message().contains("virtual host"), "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn permissions_that_are_missing() {
    let vhost = Vhost::bare(
        socorro_testkit::services::shared(socorro_testkit::services::Kind::Rabbitmq).unwrap(),
    );
    // Who may not declare.
    let declares = vhost.options("socorro-publisher", &json!({ "declare": true }));
    for error in refused(&declares).await {
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error:?}");
        assert!(error.message().contains("docs/rabbitmq.md"), "{error}");
    }
    vhost.make_queues();
    // Who may not publish: found by health, and by the first save.
    let consumer = storage(&vhost.options("socorro-consumer", &json!({})))
        .await
        .unwrap();
    let health = consumer.health(&cx()).await.unwrap();
    assert_eq!(
        (&health.reachable, &health.authenticated),
        (&Check::Ok, &Check::Ok)
    );
    assert!(
        matches!(health.writable, Check::Failed(ref why) if why.contains("ACCESS_REFUSED")),
        "{health:?}"
    );
    let error = save(&consumer, &ids(40, 1)[0]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error:?}");
    // Who may not consume: by the first receive.
    let publisher = source(&vhost.options("socorro-publisher", &json!({})))
        .await
        .unwrap();
    let request = socorro_core::source::Receive {
        max: std::num::NonZeroUsize::MIN,
        wait: std::time::Duration::ZERO,
    };
    let error = socorro_core::source::NewCrashSource::receive(&publisher, &cx(), request)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.is_retryable()),
        (ErrorKind::PermissionDenied, false),
        "{error:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues_that_are_missing_or_otherwise() {
    let vhost = Vhost::bare(
        socorro_testkit::services::shared(socorro_testkit::services::Kind::Rabbitmq).unwrap(),
    );
    for error in refused(&vhost.options("socorro-publisher", &json!({}))).await {
        assert_eq!(
            (error.kind(), error.is_retryable()),
            (ErrorKind::InvalidConfig, false),
            "{error:?}"
        );
        assert!(error.message().contains("declare = true"), "{error}");
    }
    vhost.make_queues();
    for more in [
        json!({ "queue_type": "classic" }),
        json!({ "max_deliveries": 3 }),
        json!({ "dead_letters": "" }),
    ] {
        for error in refused(&vhost.options("socorro-setup", &more)).await {
            assert_eq!(
                (error.kind(), error.is_retryable()),
                (ErrorKind::InvalidConfig, false),
                "{error:?}"
            );
            assert!(error.message().contains("other arguments"), "{error}");
        }
    }
    // As documented, they are what the plugin declares itself.
    storage(&vhost.options("socorro-setup", &json!({})))
        .await
        .unwrap();
    source(&vhost.options("socorro-setup", &json!({})))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_not_there() {
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for error in refused(&json!({ "url": format!("amqp://{nowhere}") })).await {
        assert_eq!(
            (error.kind(), error.is_retryable()),
            (ErrorKind::Unavailable, true),
            "{error:?}"
        );
        assert!(error.message().contains("cannot be reached"), "{error}");
    }
    // Something that accepts and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("amqp://{}", silent.local_addr().unwrap());
    for error in refused(&json!({ "url": url, "connect_timeout": "300ms" })).await {
        assert_eq!(
            (error.kind(), error.is_retryable()),
            (ErrorKind::Timeout, true),
            "{error:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn healthy() {
    let vhost = Vhost::shared();
    let storage = vhost.storage(&json!({})).await.unwrap();
    assert_eq!(storage.health(&cx()).await.unwrap(), Health::ok());
    // A health check leaves nothing behind.
    assert!(vhost.drain("socorro.standard").is_empty());
    vhost.ask("DELETE", &vhost.queue("socorro.standard"), &json!({}));
    let health = storage.health(&cx()).await.unwrap();
    assert!(
        matches!(health.writable, Check::Failed(ref why) if why.contains("NOT_FOUND")),
        "{health:?}"
    );
}
