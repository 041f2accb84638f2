//! The suite can fail: each source here is broken in one way, and the case named beside it finds that out.

#[path = "../common/mod.rs"]
mod common;
mod wrapper;

use std::sync::Arc;

use common::Sources;
use socorro_core::conformance;
use wrapper::{Broken, Defect};

/// Each defect and the case that finds it.
const FOUND_BY: [(Defect, &str); 16] = [
    (Defect::IgnoresMax, "at_most_max_come"),
    (Defect::HandsOutTwice, "each_is_handed_out_once"),
    (Defect::HandsOutTwice, "two_instances_share_the_work"),
    (Defect::WaitsForever, "an_empty_source_says_so"),
    (Defect::NeedsAWait, "no_wait_drains_the_present"),
    (Defect::RepeatsTokens, "tokens_are_different"),
    (Defect::ForgetsAcks, "acknowledged_is_forgotten"),
    (Defect::LosesNacked, "nacked_is_kept"),
    (Defect::LosesGivenBack, "given_back_comes_again"),
    (Defect::CloseForgets, "close_gives_back"),
    (Defect::CloseForgets, "one_takes_over_from_the_other"),
    (Defect::RefusesUnknownTokens, "settled_twice"),
    (Defect::RefusesUnknownTokens, "an_unknown_token"),
    (Defect::LosesAbandoned, "an_abandoned_receive_loses_nothing"),
    (
        Defect::ReceivesOnATask,
        "an_abandoned_wait_swallows_nothing",
    ),
    (Defect::CloseFails, "acks_are_flushed_by_close"),
];

fn subject(defect: Defect, prefix: &'static str) -> Sources {
    Sources::new(
        prefix,
        Box::new(move |memory| Arc::new(Broken::new(memory, defect))),
    )
}

#[tokio::test]
async fn without_a_defect_the_wrapper_passes_everything() {
    conformance::source(&subject(Defect::None, "no_defect"))
        .await
        .assert();
}

/// The clock stands still but for who waits for it: what never comes is given up at once.
#[tokio::test(start_paused = true)]
async fn every_defect_is_found_by_its_case() {
    for (defect, case) in FOUND_BY {
        let subject = subject(defect, "defects");
        let report = conformance::source::run_where(&subject, |other| other.name == case).await;
        assert_eq!(report.entries.len(), 1, "there is a case {case}");
        assert_eq!(
            report.failed().next(),
            Some(case),
            "{defect:?} should fail: {report}"
        );
    }
}
