//! Every metric of core, as constants and as the list [`ALL`].

use metrics::{Counter, Gauge, Histogram, Key, Level, Metadata, Unit};

/// What kind of metric it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows, from 0 at the start of the program.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How many values were how large, in the buckets of [`BUCKETS`].
    Histogram,
}

/// What a metric is told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// The values it can have.
    pub values: &'static str,
}

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metric {
    /// As it is exported.
    pub name: &'static str,
    /// What kind it is.
    pub kind: MetricKind,
    /// Seconds, bytes, or none for what is counted or true.
    pub unit: Option<Unit>,
    /// What it is told apart by.
    pub labels: &'static [Label],
    /// What it is.
    pub about: &'static str,
}

/// The upper bounds of the buckets of all histograms, in seconds.
pub const BUCKETS: [f64; 15] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

macro_rules! table {
    ($($(#[doc = $about:literal])+ $name:ident = $kind:ident $text:literal $(in $unit:ident)?
        [$($label:ident: $values:literal),*];)+) => {
        $(
            $(#[doc = $about])+
            pub const $name: Metric = Metric {
                name: $text,
                kind: MetricKind::$kind,
                unit: table!(@unit $($unit)?),
                labels: &[$(Label { name: stringify!($label), values: $values }),*],
                about: concat!($($about),+),
            };
        )+

        /// Every metric there is, in the order of the documentation.
        pub const ALL: &[Metric] = &[$($name),+];
    };
    (@unit) => { None };
    (@unit $unit:ident) => { Some(Unit::$unit) };
}

table! {
    /// Attempts to adopt a configuration, the start included.
    RELOADS = Counter "socorro_reloads_total" [
        outcome: "`applied`, `unchanged`, `refused`",
        refusal: "of refused ones `invalid`, `failed`, `timed_out`; else empty",
        trigger: "`start`, `hangup`, `watch`, `control`, `request`"
    ];
    /// How long attempts took, from reading files to the switch.
    RELOAD_SECONDS = Histogram "socorro_reload_seconds" in Seconds [];
    /// How long the steps of attempts took that were reached.
    RELOAD_STEP_SECONDS = Histogram "socorro_reload_step_seconds" in Seconds [
        step: "the steps, as `phases` of a report has them"
    ];
    /// 1 unless the last attempt was refused.
    LAST_RELOAD_SUCCESSFUL = Gauge "socorro_last_reload_successful" [];
    /// When an attempt was last not refused, in seconds since 1970.
    LAST_SUCCESS = Gauge "socorro_last_reload_success_timestamp_seconds" in Seconds [];
    /// The generation that runs, counted from 1.
    GENERATION = Gauge "socorro_generation" [];
    /// 1 when what runs is all that the files said when they were last read.
    IN_SYNC = Gauge "socorro_in_sync" [];
    /// 1 while something waits for a restart of the program.
    NEEDS_RESTART = Gauge "socorro_needs_restart" [];
    /// 1 while the program runs on the last good configuration because the files are broken.
    ON_LAST_GOOD = Gauge "socorro_on_last_good" [];
    /// 1, with the hash of the configuration in force, which two processes share when they run the same. Written by
    /// the endpoint of the command; an embedding program has the hash in its reports.
    CONFIGURATION_INFO = Gauge "socorro_configuration_info" [
        configuration: "the hash; one series at a time"
    ];
    /// 1, with the version of the program.
    BUILD_INFO = Gauge "socorro_build_info" [version: "the version"];
    /// Libraries in memory. They are never unloaded.
    RESIDENT_IMAGES = Gauge "socorro_resident_images" [];
    /// The most libraries that may be in memory: `plugins.max_images`.
    RESIDENT_IMAGES_LIMIT = Gauge "socorro_resident_images_limit" [];
    /// 1 for each library in memory.
    IMAGE_INFO = Gauge "socorro_image_info" [
        sha256: "the hash of its bytes; at most `plugins.max_images`",
        plugins: "the plugins in it"
    ];
    /// 1 while a storage or source runs without its backend (`start = \"degraded\"`), then 0.
    DEGRADED = Gauge "socorro_degraded" [part: "`storage.NAME`, `source.NAME`"];
    /// Instances that a reload let go and that are still in use.
    DRAINING_INSTANCES = Gauge "socorro_draining_instances" [];
    /// Operations under way on instances that a reload let go.
    DRAINING_OPERATIONS = Gauge "socorro_draining_operations" [];
    /// Instances that were given up and of which something still runs. Past a bound, reloads that open anything new
    /// are refused.
    LEFT_BEHIND = Gauge "socorro_left_behind_instances" [];
    /// Instances that did not end cleanly.
    STRAGGLERS = Counter "socorro_stragglers_total" [];
    /// Operations on storages that ended, tries and waits of each counted as one. A composite's are counted beside
    /// those of what it is made of.
    OPERATIONS = Counter "socorro_operations_total" [
        storage: "the configured name",
        operation: "`save_raw_crash`, `get_dump`, `list`, ...",
        outcome: "`ok`, a kind of error such as `not_found` or `unavailable`, or `dropped` by its caller"
    ];
    /// How long operations on storages took, tries and waits included.
    OPERATION_SECONDS = Histogram "socorro_operation_seconds" in Seconds [
        storage: "the configured name",
        operation: "as above"
    ];
    /// Tries after the first one of operations on storages.
    RETRIES = Counter "socorro_retries_total" [
        storage: "the configured name",
        operation: "as above"
    ];
    /// Operations under way on a storage; `max_operations` bounds them.
    IN_FLIGHT = Gauge "socorro_operations_in_flight" [storage: "the configured name"];
    /// Bytes in memory of the operations under way on a storage; `max_bytes` bounds them.
    BYTES_IN_FLIGHT = Gauge "socorro_bytes_in_flight" in Bytes [storage: "the configured name"];
    /// Operations that wait because a reload exchanges what they are for; they are in flight as well.
    /// `reload.park_timeout` bounds how long.
    PARKED = Gauge "socorro_parked_operations" [part: "`storage.NAME`, `source.NAME`"];
    /// Crashes that pipelines took from their sources and were done with.
    PIPELINE_CRASHES = Counter "socorro_pipeline_crashes_total" [
        pipeline: "the configured name",
        outcome: "`delivered`, `not_delivered`, or `given_back` to be handed out again"
    ];
    /// 1 while a pipeline moves crashes or waits for some; 0 when it failed, was drained or removed.
    PIPELINE_RUNNING = Gauge "socorro_pipeline_running" [pipeline: "the configured name"];
}

static METADATA: Metadata<'static> = Metadata::new("socorro", Level::INFO, None);

impl Metric {
    /// With these values of its labels, in their order.
    fn key(&self, values: &[&str]) -> Key {
        debug_assert_eq!(values.len(), self.labels.len(), "{}", self.name);
        let labels = self.labels.iter().zip(values);
        let labels: Vec<metrics::Label> = labels
            .map(|(label, value)| metrics::Label::new(label.name, (*value).to_owned()))
            .collect();
        Key::from_parts(self.name, labels)
    }

    pub(super) fn counter(&self, values: &[&str]) -> Counter {
        metrics::with_recorder(|recorder| recorder.register_counter(&self.key(values), &METADATA))
    }

    pub(super) fn gauge(&self, values: &[&str]) -> Gauge {
        metrics::with_recorder(|recorder| recorder.register_gauge(&self.key(values), &METADATA))
    }

    pub(super) fn histogram(&self, values: &[&str]) -> Histogram {
        metrics::with_recorder(|recorder| recorder.register_histogram(&self.key(values), &METADATA))
    }
}

/// Whether a metric of this name is one of core's, or would be mistaken for a part of one.
pub(crate) fn is_ours(name: &str) -> bool {
    ALL.iter().any(|metric| {
        let suffix = name.strip_prefix(metric.name);
        suffix.is_some_and(|suffix| ["", "_bucket", "_count", "_sum"].contains(&suffix))
    })
}

/// Tells the recorder of the program what each metric is.
pub fn describe() {
    metrics::with_recorder(|recorder| {
        for metric in ALL {
            let (name, about) = (metric.name.into(), metric.about.trim().into());
            match metric.kind {
                MetricKind::Counter => recorder.describe_counter(name, metric.unit, about),
                MetricKind::Gauge => recorder.describe_gauge(name, metric.unit, about),
                MetricKind::Histogram => recorder.describe_histogram(name, metric.unit, about),
            }
        }
    });
}

/// All of them as a table of Markdown, for `docs/`.
pub fn page() -> String {
    let mut page =
        "| metric | kind | unit | labels | what it is |\n|---|---|---|---|---|\n".to_owned();
    for metric in ALL {
        let kind = match metric.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        let unit = metric.unit.map_or("", |unit| unit.as_str());
        let labels: Vec<String> = metric
            .labels
            .iter()
            .map(|label| format!("`{}`: {}", label.name, label.values))
            .collect();
        page.push_str(&format!(
            "| `{}` | {kind} | {unit} | {} | {} |\n",
            metric.name,
            labels.join("<br>"),
            metric.about.trim(),
        ));
    }
    page
}
