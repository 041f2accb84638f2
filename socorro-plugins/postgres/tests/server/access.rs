//! What stands between a program and its rows, told apart.

use serde_json::json;
use socorro_core::error::{Applied, Scope};
use socorro_core::storage::{Check, CrashStorage};
use socorro_core::{ErrorKind, Result};
use socorro_testkit::proxy::Proxy;
use socorro_testkit::services::{self, Kind};

use crate::support::{Site, cx, expect, failed, merged, samples, save, storage, today};

/// Opening with these options fails like this, and the message says so.
async fn refused(site: &Site, options: serde_json::Value, kind: ErrorKind, why: &str) {
    let error = failed(storage(&site.options(options)).await);
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(why), "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
    assert_eq!(
        error.is_retryable(),
        kind == ErrorKind::Unavailable,
        "{error}"
    );
}

#[tokio::test]
async fn wrong_ways_in_are_told_apart() {
    let site = Site::new().await;
    let address = site.server().address().unwrap();
    let url = |rest: &str| format!("postgres://{rest}?sslmode=disable");
    let refusing = Proxy::to(address).unwrap();
    refusing.refuse();
    let nobody = refusing.address().port();
    let cases = [
        (
            json!({ "password": "hunter2" }),
            ErrorKind::PermissionDenied,
            "28P01",
        ),
        (
            json!({ "password": null }),
            ErrorKind::PermissionDenied,
            "give `password`",
        ),
        (
            json!({ "url": url(&format!("nobody_at_all@{address}/x")) }),
            ErrorKind::PermissionDenied,
            "28P01",
        ),
        (
            json!({ "url": url(&format!("{}@{address}/not_there", site.app())) }),
            ErrorKind::InvalidConfig,
            "create the database",
        ),
        (
            json!({ "url": url(&format!("{}@127.0.0.1:{nobody}/x", site.app())) }),
            ErrorKind::Unavailable,
            "cannot be made",
        ),
        (
            json!({ "url": url(&format!("me:hunter2@{address}/x")) }),
            ErrorKind::InvalidConfig,
            "password",
        ),
        (
            json!({ "schema": "elsewhere" }),
            ErrorKind::InvalidConfig,
            "migrate = true",
        ),
        (
            json!({ "schema": "" }),
            ErrorKind::InvalidConfig,
            "1 to 63 bytes",
        ),
        (
            json!({ "request_timeout": "0s" }),
            ErrorKind::InvalidConfig,
            "request_timeout",
        ),
        (json!({ "queue": "" }), ErrorKind::InvalidConfig, "queue"),
    ];
    for (options, kind, why) in cases {
        refused(&site, options, kind, why).await;
    }
}

#[tokio::test]
async fn health_tells_unauthenticated_from_unreachable() {
    let mut site = Site::new().await;
    let proxy = Proxy::to(site.server().address().unwrap()).unwrap();
    site.through(proxy.address());
    let storage = site.storage(json!({})).await.unwrap();
    assert!(storage.health(&cx()).await.unwrap().is_usable());

    site.sql(&format!("ALTER ROLE {} PASSWORD 'another'", site.app()));
    proxy.cut();
    let health = storage.health(&cx()).await.unwrap();
    assert_eq!(health.reachable, Check::Ok);
    assert!(matches!(health.authenticated, Check::Failed(_)), "{health}");

    proxy.refuse();
    proxy.cut();
    let health = storage.health(&cx()).await.unwrap();
    assert!(matches!(health.reachable, Check::Failed(_)), "{health}");
}

#[tokio::test]
async fn a_missing_grant_is_named() {
    let site = Site::new().await;
    let storage = site.storage(json!({})).await.unwrap();
    site.sql(&format!(
        "REVOKE INSERT ON socorro.dump FROM {}",
        site.app()
    ));
    let health = storage.health(&cx()).await.unwrap();
    assert_eq!(health.authenticated, Check::Ok);
    let (what, why) = health.failure().unwrap();
    assert_eq!(what, "writable");
    assert!(
        why.contains("INSERT on dump") && why.contains("PostgreSQL"),
        "{why}"
    );

    let sample = &samples(1, 1, today())[0];
    let error = failed(save(&storage, sample).await);
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    assert_eq!(
        (error.scope(), error.applied()),
        (Scope::Store, Applied::No)
    );
    assert!(error.message().contains("42501"), "{error}");
    let raw = storage.get_raw_crash(&cx(), &sample.id.into()).await;
    assert!(failed(raw).is_not_found());
}

#[tokio::test]
async fn the_documented_role_cannot_change_tables() {
    let site = Site::new().await;
    let app = site.app();
    let lacking =
        "SELECT count(*) FROM unnest(ARRAY['raw_crash', 'dump', 'new_crash', 'layout']) AS name";
    let may = |privilege: &str| {
        site.number(&format!(
            "{lacking} WHERE has_table_privilege('{app}', 'socorro.' || name, '{privilege}')"
        ))
    };
    assert_eq!(may("TRUNCATE"), 0);
    assert_eq!(may("SELECT"), 4);
    assert_eq!(may("DELETE"), 3);
    let create = format!("SELECT has_schema_privilege('{app}', 'socorro', 'CREATE')::int");
    assert_eq!(site.number(&create), 0);
}

#[tokio::test]
async fn a_read_only_server_is_unavailable_for_saves() {
    let site = Site::new().await;
    site.sql(&format!(
        "ALTER ROLE {} SET default_transaction_read_only = on",
        site.app()
    ));
    let storage = site.storage(json!({})).await.unwrap();
    let health = storage.health(&cx()).await.unwrap();
    assert_eq!(health.failure().unwrap().0, "writable");
    let error = failed(save(&storage, &samples(1, 1, today())[0]).await);
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(
        error.is_retryable() && error.message().contains("25006"),
        "{error}"
    );
}

#[tokio::test]
async fn too_many_connections_are_throttled() {
    let site = Site::new().await;
    site.sql(&format!("ALTER ROLE {} CONNECTION LIMIT 1", site.app()));
    let one = site.storage(json!({})).await.unwrap();
    assert!(one.health(&cx()).await.unwrap().is_usable());
    let error = failed(site.storage(json!({})).await);
    assert_eq!(error.kind(), ErrorKind::Throttled, "{error}");
    assert!(error.is_retryable());
}

/// The same instance works on when the network is back.
#[tokio::test]
async fn what_cannot_be_reached_is_tried_again_with_the_next_operation() -> Result<()> {
    let mut site = Site::on(services::shared(Kind::Postgres).unwrap()).await;
    let proxy = Proxy::to(site.server().address().unwrap()).unwrap();
    site.through(proxy.address());
    let options = merged(
        json!({}),
        json!({ "request_timeout": "10s", "connections": 2 }),
    );
    let storage = site.storage(options).await?;
    let samples = samples(3, 4, today());
    save(&storage, &samples[0]).await?;

    proxy.refuse();
    proxy.cut();
    let error = failed(save(&storage, &samples[1]).await);
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!(
        (error.applied(), error.scope()),
        (Applied::No, Scope::Store)
    );

    proxy.allow().unwrap();
    save(&storage, &samples[1]).await?;

    // Nothing is refused and nothing answers: the deadline is what ends it.
    proxy.stall();
    let error = failed(save(&storage, &samples[2]).await);
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(error.applied(), Applied::Unknown, "{error}");
    proxy.flow();
    for sample in &samples {
        save(&storage, sample).await?;
        expect(&storage, sample).await;
    }
    Ok(())
}
