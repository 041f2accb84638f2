//! What is counted when somebody looks.

use metrics::Gauge;

use super::operation::Meters;
use super::table;
use crate::live::{Stage, Status};

/// What becomes of the crashes of a pipeline.
const OUTCOMES: [&str; 3] = ["delivered", "not_delivered", "given_back"];

/// Records how the program is.
pub(crate) fn record(status: &Status, meters: &Meters) {
    table::RESIDENT_IMAGES
        .gauge(&[])
        .set(status.images.resident.len() as f64);
    table::RESIDENT_IMAGES_LIMIT
        .gauge(&[])
        .set(status.images.most as f64);
    for image in &status.images.resident {
        let plugins = image.plugins.join(",");
        table::IMAGE_INFO
            .gauge(&[&image.sha256.to_string(), &plugins])
            .set(1.0);
    }
    let at = |stage| status.leaving.iter().filter(move |one| one.stage == stage);
    table::DRAINING_INSTANCES
        .gauge(&[])
        .set(at(Stage::Draining).count() as f64);
    let operations: usize = at(Stage::Draining).map(|one| one.operations).sum();
    table::DRAINING_OPERATIONS.gauge(&[]).set(operations as f64);
    table::LEFT_BEHIND
        .gauge(&[])
        .set(at(Stage::LeftBehind).count() as f64);
    // There before they count anything: what rises from nothing is no rise to who compares.
    table::STRAGGLERS.counter(&[]).increment(0);
    for (name, running) in meters.pipelines(&status.pipelines) {
        for outcome in OUTCOMES {
            table::PIPELINE_CRASHES
                .counter(&[&name, outcome])
                .increment(0);
        }
        table::PIPELINE_RUNNING
            .gauge(&[&name])
            .set(f64::from(u8::from(running)));
    }
    for name in meters.storages() {
        // One that was removed has none.
        let in_flight = status.in_flight.get(&*name).copied().unwrap_or_default();
        table::IN_FLIGHT
            .gauge(&[&name])
            .set(in_flight.operations as f64);
        table::BYTES_IN_FLIGHT
            .gauge(&[&name])
            .set(in_flight.bytes as f64);
        table::PARKED
            .gauge(&[&format!("storage.{name}")])
            .increment(0.0);
    }
}

/// A storage or source is without its backend, or has it again.
pub(crate) fn absent(part: &str, is: bool) {
    table::DEGRADED.gauge(&[part]).set(f64::from(u8::from(is)));
}

/// An operation that waits while a reload exchanges what it is for; until this is dropped.
pub(crate) struct Parked(Gauge);

impl Parked {
    /// It waits for this part from now on.
    pub(crate) fn at(part: &str) -> Self {
        let parked = table::PARKED.gauge(&[part]);
        parked.increment(1.0);
        Self(parked)
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// An instance did not end cleanly.
pub(crate) fn straggled() {
    table::STRAGGLERS.counter(&[]).increment(1);
}
