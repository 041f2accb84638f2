//! The suite can fail: each storage here is broken in one way, and the case named beside it finds that out.

#[path = "../common/mod.rs"]
mod common;
mod defect;
mod wrapper;

use std::sync::Arc;

use common::Storages;
use defect::Defect;
use socorro_core::conformance::{self, Outcome, Report};
use socorro_core::storage::CrashStorage;
use wrapper::Broken;

fn wrap(defect: Defect) -> common::Wrap<dyn CrashStorage> {
    Box::new(move |memory| Arc::new(Broken::new(memory, defect)))
}

fn subject(defect: Defect) -> Storages {
    Storages::lasting(wrap(defect))
}

/// The one case, put to a storage with this defect.
async fn report(defect: Defect, case: &str) -> Report {
    conformance::storage::run_where(&subject(defect), |other| other.name == case).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_defect_the_wrapper_passes_everything() {
    let report = conformance::storage(&subject(Defect::None)).await;
    report.assert();
    let left_out: Vec<_> = report.not_applicable().collect();
    assert_eq!(
        left_out,
        ["unsupported_is_said", "declined_dumps_are_not_there"]
    );
}

/// The clock stands still but for who waits for it: what never comes is given up at once.
#[tokio::test(start_paused = true)]
async fn every_defect_is_found_by_its_case() {
    for (defect, case) in defect::FOUND_BY {
        let report = report(defect, case).await;
        assert_eq!(report.entries.len(), 1, "there is a case {case}");
        assert_eq!(
            report.failed().next(),
            Some(case),
            "{defect:?} should fail: {report}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_it_says_names_what_was_expected_and_seen() {
    let why = |report: Report| match &report.entries[0].outcome {
        Outcome::Failed(why) => why.clone(),
        other => panic!("{other:?}"),
    };
    let lost = why(report(Defect::LosesADump, "saved_crash_comes_back").await);
    assert!(
        lost.contains("get_dumps") && lost.contains("missing"),
        "{lost}"
    );
    assert!(lost.contains("upload_file_minidump_browser"), "{lost}");
    let panicked = why(report(Defect::Panics, "saved_crash_comes_back").await);
    assert!(
        panicked.contains("panicked: a broken storage"),
        "{panicked}"
    );
    let hung = why(report(Defect::HangsWhenLate, "a_read_whose_time_is_over").await);
    assert!(hung.contains("did not end within 60s"), "{hung}");
}

#[tokio::test]
async fn a_report_with_a_failure_does_not_assert() {
    let report = report(Defect::LosesADump, "saved_crash_comes_back").await;
    let asserted = std::panic::catch_unwind(|| report.assert());
    assert!(asserted.is_err());
    let empty = Report::default();
    assert!(
        std::panic::catch_unwind(|| empty.assert()).is_err(),
        "nothing was proven"
    );
}

#[tokio::test]
async fn who_says_durable_has_to_show_it() {
    let mut subject = Storages::forgetful();
    subject.wrap = wrap(Defect::None);
    let report = conformance::storage(&subject).await;
    let failed: Vec<_> = report.failed().collect();
    assert_eq!(
        failed,
        [
            "reopened_has_everything",
            "a_cursor_works_in_another_instance"
        ]
    );
}
