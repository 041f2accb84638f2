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

/// The operations in one list, so that none is without a name or a place among the counters.
macro_rules! operations {
    ($($operation:ident = $name:literal,)*) => {
        /// An operation on a storage: a method of [`CrashStorage`](crate::storage::CrashStorage).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Operation {
            $($operation,)*
        }

        impl Operation {
            const ALL: &[Self] = &[$(Self::$operation),*];

            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$operation => $name,)*
                }
            }
        }
    };
}

operations! {
    SaveRawCrash = "save_raw_crash",
    SaveProcessedCrash = "save_processed_crash",
    SaveRawAndProcessed = "save_raw_and_processed",
    GetRawCrash = "get_raw_crash",
    GetDump = "get_dump",
    GetDumps = "get_dumps",
    GetDumpsAsFiles = "get_dumps_as_files",
    GetProcessedCrash = "get_processed_crash",
    Catalog = "catalog",
    List = "list",
    Delete = "delete",
    Health = "health",
}

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
    operations: [PerOperation; Operation::ALL.len()],
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
    operation: Operation,
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
    pub(crate) fn begin(&self, operation: Operation) -> Measured<'_> {
        Measured {
            meter: self,
            operation,
            started: Instant::now(),
            finished: false,
        }
    }
}

impl Measured<'_> {
    /// It is tried once more.
    pub(crate) fn retried(&self) {
        let Some(per) = self.counters() else { return };
        let retries = &per.retries;
        let register = || table::RETRIES.counter(&[&self.meter.storage, self.operation.name()]);
        retries.get_or_init(register).increment(1);
    }

    /// It ended like this.
    pub(crate) fn finish<T>(mut self, result: &Result<T>) {
        self.finished = true;
        let kind = result.as_ref().err().map(|error| error.kind());
        let Some(per) = self.counters() else { return };
        let place = kind.map_or(0, |kind| kind.code() as usize);
        if let Some(counter) = per.outcomes.get(place) {
            let word = || kind.map_or_else(|| "ok".to_owned(), word);
            self.count(counter, word);
        }
    }

    /// There for every operation: they are counted in one list.
    fn counters(&self) -> Option<&PerOperation> {
        self.meter.operations.get(self.operation as usize)
    }

    fn count(&self, counter: &OnceLock<Counter>, outcome: impl FnOnce() -> String) {
        let Some(per) = self.counters() else { return };
        let (storage, operation) = (&self.meter.storage, self.operation.name());
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
        if let Some(per) = self.counters() {
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
