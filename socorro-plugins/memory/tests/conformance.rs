//! Memory does what every storage and source does, on one thread and on many.

mod common;

use common::{Sources, Storages};
use socorro_core::conformance;

#[tokio::test]
async fn storage_on_one_thread() {
    conformance::storage(&Storages::forgetful()).await.assert();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn storage_on_many_threads() {
    let report = conformance::storage(&Storages::forgetful()).await;
    report.assert();
    // Everything else was put to it and passed.
    let left_out: Vec<_> = report.not_applicable().collect();
    let expected = [
        "unsupported_is_said",
        "reopened_has_everything",
        "declined_dumps_are_not_there",
        "a_cursor_works_in_another_instance",
    ];
    assert_eq!(left_out, expected);
}

#[tokio::test]
async fn source_on_one_thread() {
    let sources = Sources::new("one_thread", Box::new(|memory| memory));
    conformance::source(&sources).await.assert();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn source_on_many_threads() {
    let sources = Sources::new("many_threads", Box::new(|memory| memory));
    let report = conformance::source(&sources).await;
    report.assert();
    assert_eq!(report.not_applicable().next(), None);
}
