use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use super::Parked;
use super::table::{ALL, BUCKETS, MetricKind, PARKED, is_ours, page};

#[test]
fn names_are_such_as_prometheus_wants() {
    let mut seen = BTreeSet::new();
    for metric in ALL {
        let name = metric.name;
        assert!(seen.insert(name), "{name} twice");
        assert!(name.starts_with("socorro_"), "{name}");
        let plain = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_lowercase() || b"_0123456789".contains(&byte))
        };
        assert!(plain(name), "{name}");
        assert_eq!(
            name.ends_with("_total"),
            metric.kind == MetricKind::Counter,
            "{name}"
        );
        if let Some(unit) = metric.unit {
            assert!(
                name.contains(unit.as_str()),
                "{name} is in {}",
                unit.as_str()
            );
        }
        assert!(metric.about.trim().ends_with('.'), "{name}");
        let labels: BTreeSet<&str> = metric.labels.iter().map(|label| label.name).collect();
        assert_eq!(labels.len(), metric.labels.len(), "{name}");
        assert!(labels.iter().all(|label| plain(label)), "{name}");
    }
    assert!(BUCKETS.is_sorted_by(|a, b| a < b));
}

#[test]
fn every_metric_is_one_row() {
    let page = page();
    assert_eq!(page.lines().count(), ALL.len() + 2);
    for metric in ALL {
        assert_eq!(page.matches(&format!("| `{}` |", metric.name)).count(), 1);
    }
}

#[test]
fn a_plugin_cannot_pass_for_core() {
    for ours in [
        "socorro_generation",
        "socorro_operation_seconds",
        "socorro_operation_seconds_bucket",
        "socorro_operation_seconds_sum",
    ] {
        assert!(is_ours(ours), "{ours}");
    }
    for theirs in [
        "generation",
        "socorro_generations",
        "socorro_s3_retries_total",
    ] {
        assert!(!is_ours(theirs), "{theirs}");
    }
}

/// Records one gauge.
struct OneGauge(Arc<AtomicU64>);

impl OneGauge {
    fn value(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

impl Recorder for OneGauge {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        assert_eq!(key.name(), PARKED.name);
        Gauge::from_arc(self.0.clone())
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn an_operation_is_parked_until_it_goes_on() {
    let recorder = OneGauge(Arc::new(AtomicU64::new(0)));
    metrics::with_local_recorder(&recorder, || {
        let one = Parked::at("storage.a");
        let another = Parked::at("storage.a");
        assert_eq!(recorder.value(), 2.0);
        drop(one);
        assert_eq!(recorder.value(), 1.0);
        drop(another);
        assert_eq!(recorder.value(), 0.0);
    });
}
