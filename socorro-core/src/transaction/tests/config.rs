use serde_json::json;

use super::*;

fn problem(table: serde_json::Value) -> String {
    serde_json::from_value::<Policy>(table)
        .unwrap_err()
        .to_string()
}

#[test]
fn the_default_is_once() {
    let policy: Policy = serde_json::from_value(json!({})).unwrap();
    assert_eq!(policy, Policy::default());
    assert_eq!(policy.table().policy, PolicyKind::Once);
    assert_eq!(policy.table().jitter, JitterKind::Full);
}

#[test]
fn a_table_survives_a_round_trip() {
    for table in [
        json!({ "policy": "once", "jitter": "full" }),
        json!({ "policy": "infinite_backoff", "jitter": "none" }),
        json!({
            "policy": "limited_backoff", "delays": ["10s", "1min"], "jitter": "full", "deadline": "5min",
        }),
    ] {
        let policy: Policy = serde_json::from_value(table.clone()).unwrap();
        assert_eq!(serde_json::to_value(&policy).unwrap(), table);
    }
}

#[test]
fn what_cannot_work_is_refused_with_a_reason() {
    let too_many = vec!["1s"; MAX_DELAYS + 1];
    for (table, expected) in [
        (json!({ "delays": ["1s"] }), "`delays` is for waits"),
        (
            json!({ "policy": "once", "deadline": "1min" }),
            "`deadline` is for waits",
        ),
        (
            json!({ "policy": "limited_backoff", "delays": [] }),
            "expected 1 to 64 delays, found 0",
        ),
        (
            json!({ "policy": "limited_backoff", "delays": too_many }),
            "expected 1 to 64 delays, found 65",
        ),
        (
            json!({ "policy": "limited_backoff", "delays": ["1s", "25h"] }),
            "25h is too long; 1d",
        ),
        (
            json!({ "policy": "infinite_backoff", "delays": ["1s", "0s"] }),
            "must not be zero",
        ),
        (
            json!({ "policy": "infinite_backoff", "deadline": "0s" }),
            "leaves no time",
        ),
        (json!({ "policy": "forever" }), "unknown variant `forever`"),
        (json!({ "delay": ["1s"] }), "unknown field `delay`"),
        (
            json!({ "policy": "limited_backoff", "delays": [10] }),
            "invalid type",
        ),
        (
            json!({ "policy": "limited_backoff", "delays": ["10"] }),
            "not a duration",
        ),
    ] {
        let problem = problem(table.clone());
        assert!(problem.contains(expected), "{table}: {problem}");
    }
}

#[test]
fn the_limits_themselves_are_allowed() {
    for delays in [vec!["1s"; MAX_DELAYS], vec!["1d"], vec!["0s"]] {
        let table = json!({ "policy": "limited_backoff", "delays": delays });
        assert!(serde_json::from_value::<Policy>(table).is_ok());
    }
}

#[test]
fn the_schema_names_every_key_and_admits_no_other() {
    let schema = serde_json::to_value(schemars::schema_for!(Policy)).unwrap();
    let mut keys: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["deadline", "delays", "jitter", "policy"]);
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["properties"]["delays"]["maxItems"], MAX_DELAYS);
}
