//! Exchanging what cannot be shared: each mode, with each step failing in each way, under load.

mod bounds;
mod ends;
mod failures;
mod modes;
pub mod plugin;
pub mod rig;
mod sources;
