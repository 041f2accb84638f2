//! What is measured, through the [`metrics`] facade: the program brings the recorder, before it starts a
//! [`Socorro`](crate::live::Socorro), or nothing is recorded.
//!
//! Every metric of core is a constant of [`table`], and only this room records them, so that the table is all there
//! is. Values of labels come from configuration or from a list in the code, never from a crash or a caller. A name
//! that a reload removes keeps its series until the program ends, as counters must; the names of storages are
//! counted, and those beyond 1024 share one series.
//!
//! An operation takes no lock for its measurements: each storage has its counters at hand, registered at the first
//! use of each. What can be counted where it lies, such as operations in flight, is not measured as it changes but
//! when somebody looks: see [`Socorro::measure`](crate::live::Socorro::measure).
//!
//! What plugins measure comes over the boundary with names of their own choice; a name of this table is refused.

mod gauges;
mod operation;
mod reload;
pub mod table;

pub(crate) use gauges::{Parked, absent, record as record_gauges, straggled};
pub(crate) use operation::{Measured, Meter, Meters, Operation};
pub(crate) use reload::record as record_report;
pub(crate) use table::is_ours;

/// A crash of a pipeline was seen through, or not.
pub(crate) fn crash(pipeline: &str, outcome: &str) {
    table::PIPELINE_CRASHES
        .counter(&[pipeline, outcome])
        .increment(1);
}

#[cfg(test)]
mod tests;
