//! Tests of the storage and the source as a whole, against real directories.

mod basics;
mod disks;
mod escapes;
mod faults;
mod model;
mod originals;
mod platter;
mod power_loss;
mod source;
mod support;
mod sweeps;
