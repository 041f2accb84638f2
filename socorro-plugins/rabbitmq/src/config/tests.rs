use serde_json::{Value, json};

use super::Config;

fn checked(more: Value) -> Result<(), String> {
    let mut options = json!({ "url": "amqp://localhost" });
    for (key, value) in more.as_object().into_iter().flatten() {
        options[key] = value.clone();
    }
    let config: Config = serde_json::from_value(options).map_err(|error| error.to_string())?;
    config
        .check()
        .and_then(|_| config.target().map(drop))
        .map_err(|error| error.message().to_owned())
}

#[test]
fn the_defaults_work() {
    assert_eq!(checked(json!({})), Ok(()));
    assert_eq!(
        checked(json!({ "queues": { "priority": "", "reprocessing": "" } })),
        Ok(())
    );
    assert_eq!(checked(json!({ "dead_letters": "" })), Ok(()));
    assert_eq!(
        checked(json!({ "queue_type": "classic", "prefetch": 1 })),
        Ok(())
    );
}

#[test]
fn what_can_never_work_is_refused() {
    for (options, why) in [
        (json!({ "url": "http://localhost" }), "amqp://"),
        (
            json!({ "queues": { "priority": "", "standard": "", "reprocessing": "" } }),
            "all empty",
        ),
        (
            json!({ "queues": { "standard": "" } }),
            "queues.standard is empty",
        ),
        (
            json!({ "queues": { "priority": "socorro.standard" } }),
            "twice",
        ),
        (json!({ "dead_letters": "socorro.reprocessing" }), "twice"),
        (
            json!({ "queues": { "standard": "x".repeat(256) } }),
            "longer than 255",
        ),
        (
            json!({ "queue_type": "classic", "max_deliveries": 3 }),
            "counts no deliveries",
        ),
        (json!({ "max_deliveries": 0 }), "the least is 1"),
        (json!({ "prefetch": 0 }), "the least is 1"),
        (json!({ "redeliver_after": "26min" }), "25min"),
        (json!({ "heartbeat": "999ms" }), "from 1s"),
        (json!({ "heartbeat": "2h" }), "to 1h"),
        (json!({ "connect_timeout": "0s" }), "longer than zero"),
        (json!({ "request_timeout": "0s" }), "longer than zero"),
        (json!({ "queue": "x" }), "unknown field"),
        (json!({ "queues": { "normal": "x" } }), "unknown field"),
        (json!({ "route": "normal" }), "unknown variant"),
    ] {
        let error = checked(options.clone()).expect_err("refused");
        assert!(error.contains(why), "{options}: {error}");
    }
}

#[test]
fn urgent_queues_come_first() {
    let config: Config =
        serde_json::from_value(json!({ "url": "amqp://h", "queues": { "standard": "s" } }))
            .expect("options");
    assert_eq!(
        config.queues.by_urgency(),
        ["socorro.priority", "s", "socorro.reprocessing"]
    );
}

#[test]
fn every_option_is_documented() {
    let schema = serde_json::to_value(schemars::schema_for!(Config)).expect("JSON");
    let readme = include_str!("../../README.md");
    for (name, option) in schema["properties"].as_object().expect("options") {
        let text = option["description"].as_str().or(option["$ref"].as_str());
        assert!(text.is_some(), "{name} has no text");
        assert!(
            readme.contains(&format!("\n| `{name}` |")),
            "{name} is not in the README"
        );
    }
}
