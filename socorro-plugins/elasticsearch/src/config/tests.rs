use serde_json::{Value, json};
use socorro_core::ErrorKind;

use super::Config;

fn with(more: &Value) -> Config {
    let mut options = json!({ "urls": ["http://127.0.0.1:9200"] });
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    serde_json::from_value(options).unwrap()
}

#[test]
fn the_defaults_hold() {
    let config = with(&json!({}));
    let template = config.check().unwrap();
    assert_eq!(template.template_name(), "socorro");
    assert_eq!(config.max_document_size.to_string(), "32MiB");
    assert!(config.keep_document && config.default_fields && config.manage_template);
    assert_eq!(config.retention, None);
}

#[test]
fn what_can_never_work_is_refused() {
    for (more, why) in [
        (json!({ "urls": [] }), "urls is empty"),
        (json!({ "urls": ["es1:9200"] }), "neither"),
        (json!({ "urls": ["ftp://es1"] }), "neither"),
        (json!({ "urls": ["http://"] }), "no URL"),
        (
            json!({ "urls": ["http://me:secret@es1"] }),
            "username and password",
        ),
        (
            json!({ "urls": ["http://me@es1"] }),
            "username and password",
        ),
        (json!({ "urls": ["http://es1/?a=b"] }), "query"),
        (json!({ "index": "socorro" }), "%Y"),
        (json!({ "username": "me" }), "without password"),
        (json!({ "password": "p" }), "without username"),
        (
            json!({ "username": "me", "password": "p", "api_key": "k" }),
            "not both",
        ),
        (json!({ "max_document_size": "1KiB" }), "64KiB"),
        (json!({ "max_document_size": "91MiB" }), "90MiB"),
        (json!({ "bulk_requests": 0 }), "bulk_requests"),
        (json!({ "bulk_documents": 0 }), "bulk_documents"),
        (json!({ "queue_documents": 0 }), "queue_documents"),
        (json!({ "shards": 0 }), "shards"),
        (json!({ "retention": "1h" }), "retention"),
        (json!({ "request_timeout": "0s" }), "request_timeout"),
    ] {
        let error = with(&more).check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{more}");
        assert!(error.message().contains(why), "{more}: {error}");
        assert!(!error.message().contains("secret"), "{error}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let config = with(&json!({ "username": "me", "password": "hunter2" }));
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn storages_on_the_same_indices_collide() {
    let names = |more: &Value| -> Vec<String> {
        with(more)
            .resources()
            .unwrap()
            .into_iter()
            .map(|one| one.name)
            .collect()
    };
    assert_eq!(names(&json!({})), ["http://127.0.0.1:9200/socorro20*"]);
    assert_eq!(
        names(
            &json!({ "urls": ["https://ES1", "https://es2:9243/es", "https://es1:443/"], "index": "a%Y" })
        ),
        ["https://es1:443/a20*", "https://es2:9243/es/a20*"]
    );
}
