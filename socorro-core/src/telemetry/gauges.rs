//! What is counted when somebody looks.

use std::sync::Arc;

use super::table;
use crate::live::Status;

/// Records how the program is. `storages` are the names of all that were ever configured.
pub(crate) fn record(status: &Status, storages: &[Arc<str>]) {
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
    table::DRAINING_INSTANCES
        .gauge(&[])
        .set(status.draining.len() as f64);
    let operations: u64 = status.draining.iter().map(|one| one.operations).sum();
    table::DRAINING_OPERATIONS.gauge(&[]).set(operations as f64);
    for name in storages {
        // One that was removed has none.
        let in_flight = status.in_flight.get(&**name).copied().unwrap_or_default();
        table::IN_FLIGHT
            .gauge(&[name])
            .set(in_flight.operations as f64);
        table::BYTES_IN_FLIGHT
            .gauge(&[name])
            .set(in_flight.bytes as f64);
    }
}

/// A storage or source is without its backend, or has it again.
pub(crate) fn absent(part: &str, is: bool) {
    table::DEGRADED.gauge(&[part]).set(f64::from(u8::from(is)));
}

/// An instance did not end cleanly.
pub(crate) fn straggled() {
    table::STRAGGLERS.counter(&[]).increment(1);
}
