//! The cases for storages.

mod cancel;
mod catalog;
mod concurrency;
mod delete;
mod dump_files;
mod dumps;
mod files;
mod lifecycle;
mod list;
mod missing;
mod pages;
mod processed;
mod replace;
mod round_trip;
mod stage;

use futures_util::future::BoxFuture;

use super::report::{Entry, Report};
use super::runner;
use super::subject::StorageSubject;
use super::verdict::{Doing, Stop, Verdict};
use crate::storage::Capabilities;
use stage::Stage;

/// One thing that a storage must do.
#[derive(Clone, Copy)]
pub struct StorageCase {
    /// Its name, a plain file name.
    pub name: &'static str,
    /// What a pass proves.
    pub proves: &'static str,
    /// The capabilities without which it is not applicable.
    pub needs: Capabilities,
    run: for<'a> fn(&'a Stage<'a>) -> BoxFuture<'a, Verdict>,
}

/// Lists the cases of one file: name, needed capabilities, what a pass proves.
macro_rules! list_cases {
    ($($name:ident, $needs:expr, $proves:literal;)+) => {
        pub(super) const CASES: &[super::StorageCase] = &[$(super::StorageCase {
            name: stringify!($name),
            proves: $proves,
            needs: $needs,
            run: |stage| Box::pin($name(stage)),
        }),+];
    };
}
use list_cases;

/// Saves and reads raw crashes.
const RAW: Capabilities = Capabilities::SAVE_RAW.union(Capabilities::GET_RAW);
/// Saves and reads raw crashes with their dumps.
const DUMPS: Capabilities = RAW.union(Capabilities::GET_DUMPS);
/// Saves and reads processed crashes.
const PROCESSED: Capabilities = Capabilities::SAVE_PROCESSED.union(Capabilities::GET_PROCESSED);

/// Days that belong to one case, so that cases can share a store.
const DAYS_OF_A_CASE: usize = 60;

/// Every case, in the order they run.
pub fn cases() -> impl Iterator<Item = &'static StorageCase> + Clone {
    [
        lifecycle::CASES,
        round_trip::CASES,
        dumps::CASES,
        dump_files::CASES,
        files::CASES,
        processed::CASES,
        replace::CASES,
        catalog::CASES,
        missing::CASES,
        list::CASES,
        pages::CASES,
        delete::CASES,
        concurrency::CASES,
        cancel::CASES,
    ]
    .into_iter()
    .flatten()
}

/// Puts a storage through every case.
pub async fn run(subject: &dyn StorageSubject) -> Report {
    run_where(subject, |_| true).await
}

/// Puts a storage through the cases that are `chosen`; each sees the same data as when all run.
pub async fn run_where(
    subject: &dyn StorageSubject,
    chosen: impl Fn(&StorageCase) -> bool,
) -> Report {
    let mut report = Report::default();
    for (place, case) in cases().enumerate().filter(|(_, case)| chosen(case)) {
        let waived = (case.name, subject.waived());
        let verdict = run_case(subject, case, place * DAYS_OF_A_CASE);
        report.entries.push(Entry {
            case: case.name.to_owned(),
            proves: case.proves.to_owned(),
            outcome: runner::run(waived, subject.patience(), verdict).await,
        });
    }
    let names = cases().map(|case| case.name);
    runner::check_waivers(&mut report, subject.waived(), names);
    report
}

async fn run_case(subject: &dyn StorageSubject, case: &StorageCase, first_day: usize) -> Verdict {
    let storage = subject.open(case.name).await.doing("opening the storage")?;
    let stage = Stage::new(subject, case.name, storage, first_day)?;
    let verdict = match lacking(case.needs, stage.capabilities) {
        None => (case.run)(&stage).await,
        Some(why) => Err(Stop::NotApplicable(why)),
    };
    let closed = stage.close().await;
    verdict.and(closed)
}

fn lacking(needs: Capabilities, has: Capabilities) -> Option<String> {
    let missing = needs - has;
    if !missing.is_empty() {
        return Some(format!("it does not support {missing}"));
    }
    let declines = Capabilities::GET_DUMPS.union(Capabilities::SAVE_RAW);
    (needs.contains(declines) && has.contains(Capabilities::DECLINES_DUMPS))
        .then(|| "it declines dumps".to_owned())
}
