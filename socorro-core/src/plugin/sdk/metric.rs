use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

use super::services;
use crate::plugin::abi;
use crate::plugin::wire::lend;

/// Makes the host's recorder this image's own.
pub(super) fn install() {
    // An author who has set a recorder of his own keeps it.
    let _ = metrics::set_global_recorder(Forward::default());
}

/// Sends measurements to the host.
#[derive(Default)]
struct Forward {
    /// One a key, because gauges and absolute counters are relative to what was said before.
    series: Mutex<HashMap<(u32, Key), Arc<Series>>>,
}

struct Series {
    kind: u32,
    name: String,
    /// Pairs `key=value`, separated by newlines.
    labels: String,
    /// Of a counter its total, of a gauge the bits of its value.
    last: AtomicU64,
}

impl Forward {
    fn series(&self, kind: u32, key: &Key) -> Arc<Series> {
        let mut known = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let series = known.entry((kind, key.clone())).or_insert_with(|| {
            let labels: Vec<_> = key
                .labels()
                .map(|label| format!("{}={}", label.key(), label.value()).replace('\n', " "))
                .collect();
            Arc::new(Series {
                kind,
                name: key.name().to_owned(),
                labels: labels.join("\n"),
                last: AtomicU64::new(0),
            })
        });
        Arc::clone(series)
    }
}

impl Recorder for Forward {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.series(abi::metric::COUNTER, key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.series(abi::metric::GAUGE, key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.series(abi::metric::HISTOGRAM, key))
    }
}

impl Series {
    fn send(&self, value: f64) {
        services::metric(&abi::Metric {
            struct_size: size_of::<abi::Metric>() as u32,
            kind: self.kind,
            name: lend(&self.name),
            labels: lend(&self.labels),
            value,
        });
    }

    /// Changes a gauge and sends what it is then.
    fn change(&self, change: impl Fn(f64) -> f64) {
        let next = |bits| change(f64::from_bits(bits)).to_bits();
        let before = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |bits| {
                Some(next(bits))
            })
            .unwrap_or_else(|bits| bits);
        self.send(f64::from_bits(next(before)));
    }
}

impl CounterFn for Series {
    fn increment(&self, value: u64) {
        self.last.fetch_add(value, Ordering::Relaxed);
        self.send(value as f64);
    }

    fn absolute(&self, value: u64) {
        let before = self.last.fetch_max(value, Ordering::Relaxed);
        if value > before {
            self.send((value - before) as f64);
        }
    }
}

impl GaugeFn for Series {
    fn increment(&self, value: f64) {
        self.change(|now| now + value);
    }

    fn decrement(&self, value: f64) {
        self.change(|now| now - value);
    }

    fn set(&self, value: f64) {
        self.change(|_| value);
    }
}

impl HistogramFn for Series {
    fn record(&self, value: f64) {
        self.send(value);
    }
}
