//! Operations on storages: counted and timed without a lock on their path.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use metrics::{Counter, Histogram};

use super::table;
use crate::error::{ErrorKind, Result};
use crate::pipeline::PipelineState;

/// The most names of storages that are told apart, and of pipelines.
const MOST_NAMES: usize = 1024;

/// Stands for the storages beyond that. No name of a storage has this form.
const OTHERS: &str = "(others)";

/// The operations of a storage; what is none of these is not measured.
const OPERATIONS: [&str; 12] = [
    "save_raw_crash",
    "save_processed_crash",
    "save_raw_and_processed",
    "get_raw_crash",
    "get_dump",
    "get_dumps",
    "get_dumps_as_files",
    "get_processed_crash",
    "catalog",
    "list",
    "delete",
    "health",
];

/// Every error kind, and before them success.
const OUTCOMES: usize = ErrorKind::ALL.len() + 1;

/// The meters of all storages that were ever configured, and the names of all pipelines.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    storages: Mutex<BTreeMap<Arc<str>, Arc<Meter>>>,
    pipelines: Mutex<BTreeSet<String>>,
}

/// The counters of one storage. Each is registered when it is first used, so that there are as many series as things
/// that happen; that of refusals when the first operation of the kind ends.
#[derive(Debug)]
pub(crate) struct Meter {
    storage: Arc<str>,
    operations: [PerOperation; OPERATIONS.len()],
}

#[derive(Debug, Default)]
struct PerOperation {
    seconds: OnceLock<Histogram>,
    retries: OnceLock<Counter>,
    dropped: OnceLock<Counter>,
    outcomes: [OnceLock<Counter>; OUTCOMES],
}

/// One operation under way. Dropped before it is finished, it counts as dropped by its caller.
#[derive(Debug)]
pub(crate) struct Measured<'a> {
    meter: &'a Meter,
    /// Which of [`OPERATIONS`].
    place: Option<usize>,
    started: Instant,
    finished: bool,
}

impl Meters {
    /// Of the storage with this name. Off the path of operations.
    pub(crate) fn storage(&self, name: &str) -> Arc<Meter> {
        let known = self.storages.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        let name = if known.contains_key(name) || known.len() < MOST_NAMES {
            name
        } else {
            OTHERS
        };
        let meter = known
            .entry(name.into())
            .or_insert_with_key(|name| Arc::new(Meter::new(name.clone())));
        meter.clone()
    }

    /// The names that are told apart.
    pub(crate) fn storages(&self) -> Vec<Arc<str>> {
        let known = self.storages.lock();
        let known = known.unwrap_or_else(PoisonError::into_inner);
        known.keys().cloned().collect()
    }

    /// Whether each pipeline runs that was ever seen.
    pub(crate) fn pipelines(&self, now: &BTreeMap<String, PipelineState>) -> Vec<(String, bool)> {
        let known = self.pipelines.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        let room = MOST_NAMES.saturating_sub(known.len());
        let new: Vec<&String> = now.keys().filter(|name| !known.contains(*name)).collect();
        known.extend(new.into_iter().take(room).cloned());
        let runs = |name: &String| matches!(now.get(name), Some(PipelineState::Running));
        known
            .iter()
            .map(|name| (name.clone(), runs(name)))
            .collect()
    }
}

impl Meter {
    fn new(storage: Arc<str>) -> Self {
        Self {
            storage,
            operations: Default::default(),
        }
    }

    /// An operation begins.
    pub(crate) fn begin(&self, operation: &str) -> Measured<'_> {
        Measured {
            meter: self,
            place: OPERATIONS.iter().position(|one| *one == operation),
            started: Instant::now(),
            finished: false,
        }
    }
}

impl Measured<'_> {
    /// It is tried once more.
    pub(crate) fn retried(&self) {
        let Some((operation, per)) = self.operation() else {
            return;
        };
        let retries = &per.retries;
        let register = || table::RETRIES.counter(&[&self.meter.storage, operation]);
        retries.get_or_init(register).increment(1);
    }

    /// It ended like this.
    pub(crate) fn finish<T>(mut self, result: &Result<T>) {
        self.finished = true;
        let kind = result.as_ref().err().map(|error| error.kind());
        let Some((_, per)) = self.operation() else {
            return;
        };
        let place = kind.map_or(0, |kind| kind.code() as usize);
        if let Some(counter) = per.outcomes.get(place) {
            let word = || kind.map_or_else(|| "ok".to_owned(), word);
            self.count(counter, word);
        }
    }

    fn operation(&self) -> Option<(&'static str, &PerOperation)> {
        let place = self.place?;
        Some((*OPERATIONS.get(place)?, self.meter.operations.get(place)?))
    }

    fn count(&self, counter: &OnceLock<Counter>, outcome: impl FnOnce() -> String) {
        let Some((operation, per)) = self.operation() else {
            return;
        };
        let storage = &self.meter.storage;
        counter
            .get_or_init(|| table::OPERATIONS.counter(&[storage, operation, &outcome()]))
            .increment(1);
        per.seconds
            .get_or_init(|| {
                // There before it counts anything, because one refusal is worth an alert: what rises from nothing is
                // no rise to who compares.
                table::OPERATIONS
                    .counter(&[storage, operation, &word(ErrorKind::Overloaded)])
                    .increment(0);
                table::OPERATION_SECONDS.histogram(&[storage, operation])
            })
            .record(self.started.elapsed().as_secs_f64());
    }
}

impl Drop for Measured<'_> {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        if let Some((_, per)) = self.operation() {
            self.count(&per.dropped, || "dropped".to_owned());
        }
    }
}

/// As in JSON: `not_found`.
fn word(kind: ErrorKind) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(word)) => word,
        // A unit variant is a string.
        _ => "internal".to_owned(),
    }
}
