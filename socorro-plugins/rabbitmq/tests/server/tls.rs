//! Encrypted connections.

use serde_json::json;
use socorro_core::error::ErrorKind;

use crate::support::{Vhost, ids, save, storage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_right_authority_is_trusted() {
    let vhost = Vhost::shared();
    let url = vhost.url(
        vhost.server.tls_url.as_deref().unwrap(),
        "socorro-publisher",
    );
    let ca = vhost.server.ca_file.clone().unwrap();
    let options = vhost.options(
        "socorro-publisher",
        &json!({ "url": url, "tls": { "ca_file": ca } }),
    );
    let right = storage(&options).await.unwrap();
    save(&right, &ids(50, 1)[0]).await.unwrap();
    assert_eq!(vhost.drain("socorro.standard").len(), 1);

    let dir = tempfile::tempdir().unwrap();
    let other = dir.path().join("other.pem");
    std::fs::write(&other, OTHER).unwrap();
    let options = vhost.options(
        "socorro-publisher",
        &json!({ "url": url, "tls": { "ca_file": other } }),
    );
    let error = storage(&options).await.map(drop).unwrap_err();
    assert_eq!(
        (error.kind(), error.is_retryable()),
        (ErrorKind::InvalidConfig, false),
        "{error:?}"
    );
    assert!(error.message().contains("check tls"), "{error}");

    std::fs::write(&other, "no certificate").unwrap();
    let error = storage(&options).await.map(drop).unwrap_err();
    assert!(
        error
            .message()
            .contains("tls.ca_file holds no certificates"),
        "{error}"
    );
}

/// An authority that signed nothing here.
const OTHER: &str = include_str!("other_authority.pem");
