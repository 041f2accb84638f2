use std::fmt::Display;
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use socorro_core::telemetry::table::{ALL, BUCKETS, MetricKind, describe};
use tokio::task::JoinHandle;

use crate::exit::Exit;

/// How often what was recorded is put together. Until then every value of a histogram takes memory of its own.
const UPKEEP: Duration = Duration::from_secs(5);

/// What records the metrics of this process.
pub(crate) struct Recorder {
    handle: PrometheusHandle,
    upkeep: JoinHandle<()>,
}

impl Recorder {
    /// Makes it the recorder of the process; needs a runtime around it. Once a process.
    pub(crate) fn install() -> Result<Self, Exit> {
        let failed = |why: &dyn Display| Exit::failed(format!("metrics cannot be recorded: {why}"));
        let recorder = builder().map_err(|error| failed(&error))?.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).map_err(|error| failed(&error))?;
        describe();
        Ok(Self::of(handle))
    }

    fn of(handle: PrometheusHandle) -> Self {
        let upkept = handle.clone();
        let upkeep = tokio::spawn(async move {
            let mut moments = tokio::time::interval(UPKEEP);
            loop {
                moments.tick().await;
                upkept.run_upkeep();
            }
        });
        Self { handle, upkeep }
    }

    /// Everything that was recorded, in the text format of Prometheus.
    pub(super) fn render(&self) -> String {
        self.handle.render()
    }
}

#[cfg(test)]
impl Recorder {
    /// Not the recorder of the process, and so empty.
    pub(super) fn detached() -> Self {
        Self::of(PrometheusBuilder::new().build_recorder().handle())
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.upkeep.abort();
    }
}

/// Histograms of plugins have no buckets of ours, and are exported as summaries.
fn builder() -> Result<PrometheusBuilder, BuildError> {
    let histograms = ALL
        .iter()
        .filter(|metric| metric.kind == MetricKind::Histogram);
    let mut builder = PrometheusBuilder::new();
    for metric in histograms {
        let name = Matcher::Full(metric.name.to_owned());
        builder = builder.set_buckets_for_metric(name, &BUCKETS)?;
    }
    Ok(builder)
}
