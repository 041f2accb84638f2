//! The last attempts.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::leaving::Straggler;
use super::plan::{Change, Part};
use super::report::{Outcome, ReloadReport};
use crate::telemetry;

/// How many attempts are remembered; the oldest make room.
const REMEMBERED: usize = 100;

/// What came of the last attempts. Every report goes through here once: it is logged, measured, remembered, and
/// then seen by who waits for it.
#[derive(Debug)]
pub(super) struct History {
    last: watch::Sender<ReloadReport>,
    all: Mutex<VecDeque<ReloadReport>>,
}

impl History {
    /// Begins with what came of the start, which is told when it [is done](Self::started).
    pub(super) fn new(first: ReloadReport) -> Arc<Self> {
        let (last, _) = watch::channel(first.clone());
        Arc::new(Self {
            last,
            all: Mutex::new(VecDeque::from([first])),
        })
    }

    /// The program has started.
    pub(super) fn started(&self) {
        tell(&self.last.borrow());
    }

    /// An attempt has ended.
    pub(super) fn add(&self, report: ReloadReport) {
        tell(&report);
        let mut all = self.lock();
        if all.len() == REMEMBERED {
            all.pop_front();
        }
        all.push_back(report.clone());
        drop(all);
        self.last.send_replace(report);
    }

    pub(super) fn last(&self) -> ReloadReport {
        self.last.borrow().clone()
    }

    pub(super) fn watch(&self) -> watch::Receiver<ReloadReport> {
        self.last.subscribe()
    }

    /// Each with the stragglers that it let go; the youngest last.
    pub(super) fn all(&self, stragglers: &[Straggler]) -> Vec<ReloadReport> {
        let mut all: Vec<ReloadReport> = self.lock().iter().cloned().collect();
        for straggler in stragglers {
            let cause = all.iter_mut().rev().find(|report| {
                report.generation == straggler.generation && lets_go(report, &straggler.part)
            });
            if let Some(report) = cause {
                report.stragglers.push(straggler.clone());
            }
        }
        all
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<ReloadReport>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Did this attempt end an instance of this part?
fn lets_go(report: &ReloadReport, part: &Part) -> bool {
    report.outcome == Outcome::Applied
        && matches!(report.plan.change(part), Change::Replace | Change::Remove)
}

/// To the log and the recorder. The log line is for a person; its field `reload_report` has the JSON.
fn tell(report: &ReloadReport) {
    telemetry::record_report(report);
    let json = Json(report);
    if report.outcome == Outcome::Refused || report.last_good.is_some() {
        tracing::error!(reload_report = %json, "{report}");
    } else if !report.in_sync() || !report.degraded.is_empty() {
        tracing::warn!(reload_report = %json, "{report}");
    } else {
        tracing::info!(reload_report = %json, "{report}");
    }
}

/// Written only if somebody reads it.
struct Json<'a>(&'a ReloadReport);

impl std::fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = serde_json::to_string(self.0).map_err(|_| std::fmt::Error)?;
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests;
