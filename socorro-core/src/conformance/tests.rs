use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;

use super::*;
use crate::error::Result;
use crate::storage::{Capabilities, CrashStorage};

/// Supports nothing, truthfully.
struct Nothing;

impl CrashStorage for Nothing {
    fn capabilities(&self) -> Capabilities {
        Capabilities::empty()
    }
}

#[derive(Default)]
struct Subject {
    waived: Vec<(&'static str, &'static str)>,
}

#[async_trait]
impl StorageSubject for Subject {
    async fn open(&self, _case: &str) -> Result<Arc<dyn CrashStorage>> {
        Ok(Arc::new(Nothing))
    }

    fn waived(&self) -> &[(&'static str, &'static str)] {
        &self.waived
    }
}

#[tokio::test]
async fn what_is_not_supported_is_not_applicable() {
    let report = storage(&Subject::default()).await;
    report.assert();
    assert_eq!(report.entries.len(), storage::cases().count());
    let passed: Vec<_> = report.passed().collect();
    let expected = [
        "is_healthy",
        "capabilities_do_not_change",
        "unsupported_is_said",
        "supported_is_done",
        "missing_is_not_found",
        "legacy_ids_are_not_found",
    ];
    assert_eq!(passed, expected);
    let text = report.to_string();
    assert!(text.contains("saved_crash_comes_back: not applicable: it does not support save_raw"));
}

#[tokio::test]
async fn a_waiver_is_told_with_its_reason() {
    let subject = Subject {
        waived: vec![("is_healthy", "it never is")],
    };
    let report = storage(&subject).await;
    report.assert();
    assert_eq!(report.waived().collect::<Vec<_>>(), ["is_healthy"]);
    assert!(
        report
            .to_string()
            .contains("is_healthy: waived: it never is")
    );
}

#[tokio::test]
async fn a_waiver_of_no_case_is_a_failure() {
    let subject = Subject {
        waived: vec![("is_heathly", "a typing error")],
    };
    let report = storage(&subject).await;
    assert_eq!(report.failed().collect::<Vec<_>>(), ["is_heathly"]);
}

#[test]
fn names_are_plain_and_given_once() {
    let names = storage::cases()
        .map(|case| case.name)
        .chain(source::cases().map(|case| case.name));
    let mut seen = BTreeSet::new();
    for name in names {
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
            "{name}"
        );
        assert!(seen.insert(name), "{name} is there twice");
    }
}
