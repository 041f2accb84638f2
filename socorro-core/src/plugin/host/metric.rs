use std::collections::HashSet;
use std::ffi::c_void;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{LazyLock, PoisonError, RwLock};

use metrics::{Key, Label, Level, Metadata};

use super::log::cut;
use crate::error::Result;
use crate::plugin::abi;
use crate::plugin::wire::{broken, read_prefix, read_str};
use crate::telemetry::is_ours;

/// The most series, distinct in kind, name and labels, of all plugins together.
const SERIES: usize = 4096;
/// The most labels of one series.
const LABELS: usize = 8;
/// The longest name, label or value; longer ones are cut.
const TEXT: usize = 128;
/// The longest text a plugin may pass at all.
const INPUT: usize = 16 * 1024;

static METADATA: Metadata<'static> = Metadata::new("socorro_plugin", Level::INFO, None);

/// Takes a measurement of a plugin and hands it to the program's recorder.
pub(super) unsafe extern "C" fn metric(_: *mut c_void, metric: *const abi::Metric) {
    let recorded = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the plugin lends a valid measurement, by the rules of the ABI. One that is not is dropped.
        let _ = unsafe { record(metric) };
    }));
    if let Err(payload) = recorded {
        // The recorder panicked. Unwinding into the plugin would abort, and so might dropping the payload.
        std::mem::forget(payload);
    }
}

/// # Safety
///
/// `metric` is null or a measurement whose texts are readable now.
unsafe fn record(metric: *const abi::Metric) -> Result<()> {
    // SAFETY: the caller's promise.
    let metric = unsafe { read_prefix(metric) }?;
    // SAFETY: the caller's promise.
    let (name, labels) = unsafe {
        (
            read_str(metric.name, INPUT, "the name of a metric")?,
            read_str(metric.labels, INPUT, "the labels of a metric")?,
        )
    };
    if name.is_empty() || !metric.value.is_finite() {
        return Err(broken("a metric needs a name and a finite value"));
    }
    if is_ours(name) {
        return Err(broken(format!(
            "the metric {} is the host's own",
            cut(name, TEXT)
        )));
    }
    if !admit((metric.kind, name, labels)) {
        return Ok(());
    }
    let labels: Vec<Label> = labels
        .lines()
        .filter_map(|line| line.split_once('='))
        .take(LABELS)
        .map(|(key, value)| Label::new(cut(key, TEXT).to_owned(), cut(value, TEXT).to_owned()))
        .collect();
    let key = Key::from_parts(cut(name, TEXT).to_owned(), labels);
    metrics::with_recorder(|recorder| match metric.kind {
        abi::metric::COUNTER => {
            // A negative value saturates to 0: a counter only grows.
            let counter = recorder.register_counter(&key, &METADATA);
            counter.increment(metric.value as u64);
        }
        abi::metric::GAUGE => recorder.register_gauge(&key, &METADATA).set(metric.value),
        abi::metric::HISTOGRAM => recorder
            .register_histogram(&key, &METADATA)
            .record(metric.value),
        _ => {}
    });
    Ok(())
}

/// Whether the series is known or there is room for one more.
fn admit(series: (u32, &str, &str)) -> bool {
    static KNOWN: LazyLock<(RandomState, RwLock<HashSet<u64>>)> = LazyLock::new(Default::default);
    let (hasher, known) = &*KNOWN;
    let series = hasher.hash_one(series);
    if known
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .contains(&series)
    {
        return true;
    }
    let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= SERIES {
        return false;
    }
    known.insert(series);
    if known.len() == SERIES {
        tracing::warn!(
            most = SERIES,
            "plugins report as many series of metrics as are kept; further ones are dropped"
        );
    }
    true
}
