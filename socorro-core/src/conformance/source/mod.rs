//! The cases for sources of new crashes.

mod abandon;
mod deliver;
mod settle;
mod stage;
mod two;

use futures_util::future::BoxFuture;

use super::report::{Entry, Report};
use super::runner;
use super::subject::SourceSubject;
use super::verdict::{Doing, Verdict};
use stage::Stage;

/// One thing that a source must do.
#[derive(Clone, Copy)]
pub struct SourceCase {
    /// Its name, a plain file name.
    pub name: &'static str,
    /// What a pass proves.
    pub proves: &'static str,
    run: for<'a> fn(&'a Stage<'a>) -> BoxFuture<'a, Verdict>,
}

/// Lists the cases of one file: name, what a pass proves.
macro_rules! list_cases {
    ($($name:ident, $proves:literal;)+) => {
        pub(super) const CASES: &[super::SourceCase] = &[$(super::SourceCase {
            name: stringify!($name),
            proves: $proves,
            run: |stage| Box::pin($name(stage)),
        }),+];
    };
}
use list_cases;

/// Every case, in the order they run.
pub fn cases() -> impl Iterator<Item = &'static SourceCase> + Clone {
    [deliver::CASES, settle::CASES, abandon::CASES, two::CASES]
        .into_iter()
        .flatten()
}

/// Puts a source through every case.
pub async fn run(subject: &dyn SourceSubject) -> Report {
    run_where(subject, |_| true).await
}

/// Puts a source through the cases that are `chosen`; each sees the same data as when all run.
pub async fn run_where(
    subject: &dyn SourceSubject,
    chosen: impl Fn(&SourceCase) -> bool,
) -> Report {
    let mut report = Report::default();
    for case in cases().filter(|case| chosen(case)) {
        let waived = (case.name, subject.waived());
        report.entries.push(Entry {
            case: case.name.to_owned(),
            proves: case.proves.to_owned(),
            outcome: runner::run(waived, subject.patience(), run_case(subject, case)).await,
        });
    }
    let names = cases().map(|case| case.name);
    runner::check_waivers(&mut report, subject.waived(), names);
    report
}

async fn run_case(subject: &dyn SourceSubject, case: &SourceCase) -> Verdict {
    let source = subject.open(case.name).await.doing("opening the source")?;
    let stage = Stage::new(subject, case.name, source);
    let verdict = (case.run)(&stage).await;
    let closed = stage.close().await;
    verdict.and(closed)
}
