//! What is wrong is told, and told apart.

use serde_json::json;
use socorro_core::ErrorKind;
use socorro_core::storage::{Check, CrashStorage, ListRequest};
use socorro_testkit::services::Kind;

use crate::account::{api_key, put};
use crate::place::{Place, crash, cx, id};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_told_at_the_start() {
    let place = Place::shared(Kind::Elasticsearch);
    for manage in [true, false] {
        let error = place
            .open(&json!({ "password": "wrong-password", "manage_template": manage }))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
        assert!(!error.to_string().contains("wrong-password"));
    }
}

/// Credentials that are withdrawn while it runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_gone_is_not_authenticated() {
    let place = Place::shared(Kind::Elasticsearch);
    let storage = place.open(&json!({})).await.unwrap();
    assert!(storage.health(&cx()).await.unwrap().is_usable());
    let path = format!("/_security/user/{}/_password", place.prefix);
    put(
        &place.server,
        &path,
        &json!({ "password": "another-password" }),
    );
    let health = storage.health(&cx()).await.unwrap();
    assert!(matches!(health.authenticated, Check::Failed(_)), "{health}");
    assert_eq!(health.reachable, Check::Ok);
    let error = storage
        .save_processed_crash(&cx(), &id(0), &crash("{}"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
}

/// A key with the role's rights does for everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_key_is_as_good_as_a_user() {
    let mut place = Place::shared(Kind::Elasticsearch);
    place.account = api_key(&place.server, &place.prefix);
    let storage = place.open(&json!({})).await.unwrap();
    assert!(storage.health(&cx()).await.unwrap().is_usable());
    storage
        .save_processed_crash(&cx(), &id(0), &crash("{}"))
        .await
        .unwrap();
    let page = storage
        .list(&cx(), &ListRequest::day(id(0).date()))
        .await
        .unwrap();
    assert_eq!(page.ids, [id(0).into()]);
    storage.delete(&cx(), &id(0).into()).await.unwrap();
    let read = storage
        .get_unredacted_processed_crash(&cx(), &id(0).into())
        .await;
    assert!(read.unwrap_err().is_not_found());
}

/// Rights that the role has not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn indices_of_others_are_refused() {
    let place = Place::shared(Kind::Elasticsearch);
    let other = json!({ "index": format!("other{}%Y%W", place.prefix), "manage_template": false });
    let storage = place.open(&other).await.unwrap();
    let health = storage.health(&cx()).await.unwrap();
    assert!(matches!(health.writable, Check::Failed(_)), "{health}");
    assert_eq!(health.authenticated, Check::Ok);
    let error = storage
        .save_processed_crash(&cx(), &id(0), &crash("{}"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    assert!(error.message().contains("docs/elasticsearch.md"), "{error}");
}

/// What the server does when its disk is nearly full.
async fn read_only(kind: Kind) {
    let place = Place::shared(kind);
    let storage = place.open(&json!({})).await.unwrap();
    storage
        .save_processed_crash(&cx(), &id(0), &crash("{}"))
        .await
        .unwrap();
    let settings = format!("/{}/_settings", place.index());
    put(
        &place.server,
        &settings,
        &json!({ "index.blocks.read_only_allow_delete": true }),
    );
    let error = storage
        .save_processed_crash(&cx(), &id(1), &crash("{}"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.is_retryable());
    storage
        .get_unredacted_processed_crash(&cx(), &id(0).into())
        .await
        .unwrap();
    put(
        &place.server,
        &settings,
        &json!({ "index.blocks.read_only_allow_delete": null }),
    );
    storage
        .save_processed_crash(&cx(), &id(1), &crash("{}"))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_index_of_elasticsearch_is_unavailable() {
    read_only(Kind::Elasticsearch).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_index_of_opensearch_is_unavailable() {
    read_only(Kind::Opensearch).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_there_is_unavailable() {
    let place = Place::shared(Kind::Opensearch);
    let error = place
        .open(&json!({ "urls": ["http://127.0.0.1:9"] }))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.is_retryable());
}

/// Encrypted, with the authority that is given and no other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_trusts_the_authority_that_is_given() {
    let place = Place::shared(Kind::Elasticsearch);
    let url = place
        .server
        .tls_url
        .clone()
        .expect("the test server speaks TLS");
    let ca = place
        .server
        .ca_file
        .clone()
        .expect("the test server has an authority");
    let storage = place
        .open(&json!({ "urls": [url], "tls": { "ca_file": ca } }))
        .await
        .unwrap();
    storage
        .save_processed_crash(&cx(), &id(0), &crash("{}"))
        .await
        .unwrap();
    let error = place.open(&json!({ "urls": [url] })).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}
