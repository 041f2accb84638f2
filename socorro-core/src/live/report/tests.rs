use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::config::{Class, ConfigError, Origin, Wrong};
use crate::error::{Error, ErrorKind};
use crate::live::Part;
use crate::live::plan::Change;

fn refused(errors: Vec<Reason>) -> ReloadReport {
    let mut report = ReloadReport::new(7, Trigger::Watch, Outcome::Refused, 3);
    report.errors = errors;
    report
}

fn backend(kind: ErrorKind) -> Reason {
    Reason::Backend {
        part: Part::Storage("archive".to_owned()),
        error: Error::new(kind, "no route"),
    }
}

#[test]
fn who_is_to_blame_is_told() {
    let wrong = Wrong::new(Class::UnknownKey, "is no known key");
    let invalid = ConfigError::new(Origin::Together, "storage.a.rot", wrong);
    let cases = [
        (vec![Reason::Config(invalid)], Refusal::Invalid),
        (
            vec![
                backend(ErrorKind::Unavailable),
                backend(ErrorKind::InvalidConfig),
            ],
            Refusal::Invalid,
        ),
        (vec![backend(ErrorKind::Unavailable)], Refusal::Failed),
        (vec!["the attempt panicked".into()], Refusal::Failed),
        (
            vec![
                backend(ErrorKind::Unavailable),
                Reason::Unexpected("changed".to_owned()),
            ],
            Refusal::Failed,
        ),
    ];
    for (errors, refusal) in cases {
        let mut report = refused(errors);
        assert_eq!(report.refusal(), Some(refusal), "{report}");
        report.timed_out = true;
        assert_eq!(report.refusal(), Some(Refusal::TimedOut));
        report.outcome = Outcome::Applied;
        assert_eq!(report.refusal(), None);
    }
}

#[test]
fn in_sync_is_what_runs_all_that_the_files_say() {
    let mut report = ReloadReport::new(1, Trigger::Hangup, Outcome::Applied, 2);
    assert!(report.in_sync());
    report.last_good = Some("last.toml".into());
    assert!(!report.in_sync());
    report.last_good = None;
    let control = Part::Settings("control".to_owned());
    report.plan.changes.insert(control, Change::Restart);
    assert!(report.needs_restart() && !report.in_sync());
    assert!(!refused(Vec::new()).in_sync());
}

#[test]
fn words_are_the_same_everywhere() {
    for trigger in Trigger::ALL {
        assert_eq!(json!(trigger), trigger.word());
        assert_eq!(trigger.to_string(), trigger.word());
    }
    for outcome in Outcome::ALL {
        assert_eq!(json!(outcome), outcome.word());
    }
    for refusal in Refusal::ALL {
        assert_eq!(json!(refusal), refusal.word());
    }
}

/// The keys of the table in the documentation of `json.rs`.
fn documented() -> Vec<String> {
    let rows = include_str!("json.rs").lines();
    let rows = rows.filter_map(|line| line.strip_prefix("//! | `"));
    let mut keys: Vec<String> = rows
        .flat_map(|row| {
            let (cell, _) = row.split_once(" | ").unwrap();
            let cell = cell.trim_end_matches('`').replace("`, `", "`");
            cell.split('`').map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    keys.sort();
    keys
}

#[test]
fn its_json_is_the_documented_one() {
    let mut report = refused(vec![backend(ErrorKind::Timeout), "and more".into()]);
    report.steps = vec![
        (Step::Construct, Duration::from_millis(2)),
        (Step::Read, Duration::from_nanos(1_234_567)),
    ];
    report.took = Duration::from_nanos(3_234_567);
    report.at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_253_400_125);
    let part = Part::Storage("archive".to_owned());
    report.plan.changes.insert(part, Change::Replace);
    report.degraded = vec![("storage.search".to_owned(), "refused".to_owned())];
    let Value::Object(map) = serde_json::to_value(&report).unwrap() else {
        panic!("no object");
    };
    let mut keys: Vec<String> = map.keys().cloned().collect();
    keys.sort();
    assert_eq!(keys, documented());
    let expected = json!({
        "attempt": 7, "at": "2026-11-21T09:30:00.125Z", "trigger": "watch", "outcome": "refused",
        "refusal": "failed", "generation": 3, "in_sync": false, "needs_restart": false,
        "milliseconds": 3.235, "phases": { "construct": 2.0, "read": 1.235 }, "stopped_in": [],
        "plan": { "storage.archive": "replace" },
        "degraded": { "storage.search": "refused" }, "stragglers": [], "last_good": null,
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&map[key], value, "{key}");
    }
    assert_eq!(map["errors"][0]["code"], "backend");
    assert_eq!(map["errors"][0]["key"], "storage.archive");
    assert_eq!(
        map["errors"][1],
        json!({ "code": "other", "message": "and more" })
    );
}
