use serde_json::{Value, json};
use socorro_core::error::ErrorKind;

use crate::config::{Checksums, ConditionalWrites, Encryption, StorageConfig};

fn read(more: Value) -> StorageConfig {
    let mut options = json!({ "bucket": "crashes" });
    let map = options.as_object_mut().unwrap();
    map.extend(more.as_object().unwrap().clone());
    serde_json::from_value(options).unwrap()
}

#[test]
fn defaults_are_those_that_the_readme_says() {
    let config = read(json!({}));
    config.check().unwrap();
    assert_eq!(config.region, "us-east-1");
    assert_eq!(config.prefix, "");
    assert_eq!(config.sse, Encryption::None);
    assert_eq!(config.checksums, Checksums::WhenSupported);
    assert_eq!(config.conditional_writes, ConditionalWrites::Auto);
    assert_eq!(config.part_size.to_string(), "8MiB");
    assert_eq!(config.multipart_threshold.to_string(), "8MiB");
    assert_eq!(config.max_connections, 64);
    assert_eq!(config.connect_timeout.to_string(), "10s");
    assert_eq!(config.request_timeout.to_string(), "1min");
    assert!(!config.path_style());
    assert!(read(json!({ "endpoint_url": "http://127.0.0.1:1" })).path_style());
}

#[test]
fn what_cannot_work_is_refused() {
    for (more, about) in [
        (json!({ "bucket": "" }), "bucket"),
        (json!({ "bucket": "a/b" }), "bucket"),
        (json!({ "prefix": "/a" }), "prefix"),
        (json!({ "prefix": "a//b" }), "prefix"),
        (json!({ "prefix": "a/../b" }), "prefix"),
        (json!({ "prefix": "a\n" }), "prefix"),
        (json!({ "prefix": "é".repeat(436) }), "prefix"),
        (json!({ "older_prefixes": ["/"] }), "prefix"),
        (json!({ "endpoint_url": "s3.example.com" }), "https://"),
        (json!({ "endpoint_url": "http://" }), "host"),
        (
            json!({ "endpoint_url": "https://me:pass@s3.example.com" }),
            "secret_access_key",
        ),
        (json!({ "access_key_id": "a" }), "secret_access_key"),
        (json!({ "secret_access_key": "a" }), "access_key_id"),
        (json!({ "session_token": "a" }), "access_key_id"),
        (json!({ "kms_key_id": "a" }), "aws_kms"),
        (json!({ "part_size": "1MiB" }), "part_size"),
        (json!({ "part_size": "1GiB" }), "part_size"),
        (json!({ "part_size": "9MiB" }), "multipart_threshold"),
        (json!({ "max_connections": 0 }), "max_connections"),
        (json!({ "request_timeout": "0s" }), "request_timeout"),
        (
            json!({ "tls": { "key_file": "/k" } }),
            "tls.certificate_file",
        ),
    ] {
        let error = read(more.clone()).check().expect_err(&more.to_string());
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(error.message().contains(about), "{more}: {error}");
        assert!(!error.message().contains("pass@"), "{error}");
    }
}

#[test]
fn periods_are_warned_about_without_path_style() {
    let dotted = |more: Value| {
        let mut config = read(more);
        config.bucket = "crashes.example.com".to_owned();
        config.warning().is_some()
    };
    assert!(dotted(json!({})));
    assert!(dotted(
        json!({ "endpoint_url": "https://s3.example.com", "force_path_style": false })
    ));
    assert!(!dotted(json!({ "force_path_style": true })));
    assert!(!dotted(json!({ "endpoint_url": "https://s3.example.com" })));
    assert!(read(json!({})).warning().is_none());
}

#[test]
fn secrets_are_not_shown() {
    let config = read(
        json!({ "access_key_id": "id", "secret_access_key": "hush", "session_token": "hush" }),
    );
    assert!(!format!("{config:?}").contains("hush"));
}

/// Every option is in the README's table.
#[test]
fn every_option_is_documented() {
    let schema = serde_json::to_value(schemars::schema_for!(StorageConfig)).unwrap();
    for (option, about) in schema["properties"].as_object().unwrap() {
        assert!(
            about["description"].is_string() || about["$ref"].is_string(),
            "{option}"
        );
        let row = format!("| `{option}` |");
        assert!(include_str!("../../README.md").contains(&row), "{row}");
    }
}
