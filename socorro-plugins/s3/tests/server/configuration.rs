//! Wrong keys, a missing bucket, a server that is not there; and that the account may do no more than it needs.

use serde_json::{Value, json};
use socorro_core::Context;
use socorro_core::error::{Error, ErrorKind};
use socorro_core::storage::CrashStorage;
use socorro_testkit::services::Kind;

use crate::support::{Account, crash, open, save, unique};

async fn refused(account: &Account, more: Value) -> Error {
    match open(&account.options(&more)).await {
        Ok(_) => panic!("it opened with {more}"),
        Err(error) => error,
    }
}

async fn says_what_is_wrong(kind: Kind) {
    let account = Account::on(kind).await;
    let secret = "0".repeat(account.secret.len());
    let wrong = refused(&account, json!({ "secret_access_key": secret })).await;
    assert_eq!(wrong.kind(), ErrorKind::PermissionDenied, "{wrong}");
    assert!(!wrong.to_string().contains(&secret), "{wrong}");
    let nobody = refused(
        &account,
        json!({ "access_key_id": "GK0000000000000000000000ff" }),
    )
    .await;
    assert_eq!(nobody.kind(), ErrorKind::PermissionDenied, "{nobody}");
    let missing = unique("missing");
    let missing = refused(&account, json!({ "bucket": missing })).await;
    assert_eq!(missing.kind(), ErrorKind::InvalidConfig, "{missing}");
    // Nothing listens on port 1.
    let gone = refused(&account, json!({ "endpoint_url": "http://127.0.0.1:1" })).await;
    assert_eq!(gone.kind(), ErrorKind::Unavailable, "{gone}");
    let other = Account::on(kind).await;
    let foreign = refused(&account, json!({ "bucket": other.bucket })).await;
    assert_eq!(foreign.kind(), ErrorKind::PermissionDenied, "{foreign}");
}

#[tokio::test]
async fn ceph_says_what_is_wrong() {
    says_what_is_wrong(Kind::Ceph).await;
}

#[tokio::test]
async fn garage_says_what_is_wrong() {
    says_what_is_wrong(Kind::Garage).await;
}

/// A first save where conditions are honoured leaves a crash as a later one does; Ceph honours them, Garage not.
#[tokio::test]
async fn the_probe_tells_servers_apart() {
    for kind in [Kind::Ceph, Kind::Garage] {
        let account = Account::on(kind).await;
        let storage = account.open(&json!({})).await;
        assert_eq!(
            account.keys("").await,
            Vec::<String>::new(),
            "a probe was left"
        );
        let health = storage.health(&Context::new()).await.unwrap();
        assert!(health.is_usable(), "{health:?}");
        for _ in 0..2 {
            save(&storage, &crash(1)).await.unwrap();
        }
        assert_eq!(account.keys("").await.len(), 4, "{kind:?}");
    }
}
