//! https with an authority of one's own, and a bucket whose name has periods.

use serde_json::json;
use socorro_core::error::ErrorKind;
use socorro_testkit::services::Kind;

use crate::support::{Account, crash, is_whole, open, save, shared, unique};

async fn with_periods(kind: Kind) {
    let bucket = format!("{}.example.com", unique("crashes"));
    let account = Account::of(&shared(kind), &bucket).await;
    let storage = open(&account.encrypted(&json!({}))).await.unwrap();
    let sample = crash(1);
    save(&storage, &sample).await.unwrap();
    assert!(is_whole(&storage, &sample).await);
}

#[tokio::test]
async fn ceph_with_periods() {
    with_periods(Kind::Ceph).await;
}

#[tokio::test]
async fn garage_with_periods() {
    with_periods(Kind::Garage).await;
}

#[tokio::test]
async fn an_authority_that_is_not_trusted() {
    let account = Account::on(Kind::Garage).await;
    let error = match open(&account.encrypted(&json!({ "tls": {} }))).await {
        Ok(_) => panic!("it opened"),
        Err(error) => error,
    };
    assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{error}");
    assert!(error.message().contains("tls.ca_file"), "{error}");
}

#[tokio::test]
async fn a_file_without_certificates() {
    let account = Account::on(Kind::Garage).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    for content in [
        "",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        std::fs::write(file.path(), content).unwrap();
        let more = json!({ "tls": { "ca_file": file.path() } });
        let error = match open(&account.encrypted(&more)).await {
            Ok(_) => panic!("it opened"),
            Err(error) => error,
        };
        assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{error}");
        assert!(error.message().contains("tls.ca_file"), "{error}");
    }
}
