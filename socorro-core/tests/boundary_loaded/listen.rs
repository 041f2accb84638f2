//! A subscriber and a recorder that keep what they hear.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Recorder,
    SharedString, Unit,
};
use tokio::sync::Notify;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) level: Level,
    pub(crate) target: String,
    pub(crate) text: String,
}

#[derive(Default)]
pub(crate) struct Heard {
    lines: Mutex<Vec<Line>>,
    files: Mutex<Vec<String>>,
    measured: Mutex<Vec<String>>,
    news: Notify,
}

static LEVEL: AtomicU8 = AtomicU8::new(3);

fn number(level: &Level) -> u8 {
    match *level {
        Level::ERROR => 1,
        Level::WARN => 2,
        Level::INFO => 3,
        Level::DEBUG => 4,
        Level::TRACE => 5,
    }
}

pub(crate) fn set_level(level: Level) {
    LEVEL.store(number(&level), Ordering::SeqCst);
    tracing::callsite::rebuild_interest_cache();
}

pub(crate) fn install() -> Arc<Heard> {
    let heard = Arc::new(Heard::default());
    tracing::subscriber::set_global_default(Listener(Arc::clone(&heard))).unwrap();
    metrics::set_global_recorder(Meter(Arc::clone(&heard))).unwrap();
    heard
}

impl Heard {
    /// Takes the lines whose target starts so.
    pub(crate) fn take(&self, target: &str) -> Vec<Line> {
        let mut lines = self.lines.lock().unwrap();
        let (wanted, others) = std::mem::take(&mut *lines)
            .into_iter()
            .partition(|line| line.target.starts_with(target));
        *lines = others;
        wanted
    }

    pub(crate) fn files(&self) -> Vec<String> {
        self.files.lock().unwrap().clone()
    }

    pub(crate) fn measured(&self) -> Vec<String> {
        self.measured.lock().unwrap().clone()
    }

    pub(crate) async fn wait_for(&self, text: &str) {
        loop {
            let news = self.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            if self
                .lines
                .lock()
                .unwrap()
                .iter()
                .any(|line| line.text == text)
            {
                return;
            }
            news.await;
        }
    }
}

struct Listener(Arc<Heard>);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        number(metadata.level()) <= LEVEL.load(Ordering::SeqCst)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        [
            LevelFilter::OFF,
            LevelFilter::ERROR,
            LevelFilter::WARN,
            LevelFilter::INFO,
            LevelFilter::DEBUG,
            LevelFilter::TRACE,
        ]
        .get(usize::from(LEVEL.load(Ordering::SeqCst)))
        .copied()
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Text(String);
        impl Visit for Text {
            fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                if field.name() == "message" {
                    self.0 = format!("{value:?}");
                }
            }
        }
        let mut text = Text(String::new());
        event.record(&mut text);
        let metadata = event.metadata();
        let file = metadata.file().unwrap_or_default().to_owned();
        self.0.files.lock().unwrap().push(file);
        self.0.lines.lock().unwrap().push(Line {
            level: *metadata.level(),
            target: metadata.target().to_owned(),
            text: text.0,
        });
        self.0.news.notify_waiters();
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Meter(Arc<Heard>);

struct Series {
    heard: Arc<Heard>,
    name: String,
}

impl Meter {
    fn series(&self, kind: &str, key: &Key) -> Arc<Series> {
        let labels: String = key
            .labels()
            .map(|label| format!("{}={} ", label.key(), label.value()))
            .collect();
        Arc::new(Series {
            heard: Arc::clone(&self.0),
            name: format!("{kind} {} {labels}", key.name()),
        })
    }
}

impl Recorder for Meter {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &metrics::Metadata<'_>) -> Counter {
        Counter::from_arc(self.series("counter", key))
    }

    fn register_gauge(&self, key: &Key, _: &metrics::Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.series("gauge", key))
    }

    fn register_histogram(&self, key: &Key, _: &metrics::Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.series("histogram", key))
    }
}

impl Series {
    fn note(&self, value: f64) {
        let line = format!("{}{value}", self.name);
        self.heard.measured.lock().unwrap().push(line);
    }
}

impl CounterFn for Series {
    fn increment(&self, value: u64) {
        self.note(value as f64);
    }

    fn absolute(&self, value: u64) {
        self.note(value as f64);
    }
}

impl GaugeFn for Series {
    fn increment(&self, value: f64) {
        self.note(value);
    }

    fn decrement(&self, value: f64) {
        self.note(-value);
    }

    fn set(&self, value: f64) {
        self.note(value);
    }
}

impl HistogramFn for Series {
    fn record(&self, value: f64) {
        self.note(value);
    }
}
