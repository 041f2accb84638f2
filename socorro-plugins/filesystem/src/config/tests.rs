use serde_json::json;
use socorro_core::error::ErrorKind;

use super::{Layout, SourceConfig, StorageConfig};

fn storage(value: serde_json::Value) -> Result<StorageConfig, serde_json::Error> {
    serde_json::from_value(value)
}

fn source(value: serde_json::Value) -> SourceConfig {
    serde_json::from_value(value).unwrap()
}

#[test]
fn only_the_root_is_required() {
    let config = storage(json!({ "root": "/x" })).unwrap();
    assert_eq!(config.layout, Layout::Radix);
    assert_eq!(config.sweep_after.to_string(), "1h");
    assert!(storage(json!({})).is_err());
    assert!(storage(json!({ "root": "/x", "rot": 1 })).is_err());
}

#[test]
fn a_source_takes_over_all_options_of_a_storage() {
    let config = source(json!({ "root": "/x", "layout": "dated_radix", "sweep_after": "2h" }));
    config.check().unwrap();
    assert_eq!(config.poll.to_string(), "1s");
    assert_eq!(config.redeliver_after.to_string(), "1min");
    source(json!({ "root": "/x" })).check().unwrap();
}

#[test]
fn a_source_without_date_tree_is_an_invalid_configuration() {
    let error = source(json!({ "root": "/x", "layout": "radix" }))
        .resources()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(error.message().contains("date tree"), "{error}");
    let error = source(json!({ "root": "/x", "poll": "0s" })).check();
    assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidConfig);
}

#[test]
fn two_ways_to_one_directory_claim_the_same() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("real")).unwrap();
    std::os::unix::fs::symlink("real", dir.path().join("link")).unwrap();
    let claim = |path: &str| {
        let root = dir.path().join(path);
        storage(json!({ "root": root }))
            .unwrap()
            .resources()
            .unwrap()
    };
    assert_eq!(claim("real"), claim("link"));
    assert_eq!(claim("real/not/yet"), claim("link/not/yet"));
    assert_ne!(claim("real"), claim("real/not"));
    assert!(claim("link")[0].name.ends_with("/real"));
    assert_eq!(claim("link")[0].kind, "storage directory");
    let source = source(json!({ "root": dir.path() })).resources().unwrap();
    assert_eq!(source[0].kind, "source directory");
}
