//! The filesystem plugin with a record of every call it gets, for the soak test.
//!
//! Each call is one line of a file, written before the call is carried out: `instance name revision call id`. The
//! file is the test's, so what it says does not depend on what is tested.

mod config;
mod log;
mod storage;

pub use config::WitnessConfig;
pub use storage::Witness;

socorro_core::export_plugin! { name: "witness", storage: Witness }
