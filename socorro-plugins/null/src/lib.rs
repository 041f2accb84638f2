//! A storage that accepts everything and keeps nothing: for measuring what is before it, and for switching a
//! destination off without removing it.
//!
//! It states the capabilities that it can fulfil: saving, deleting, the (empty) catalog and list. Reading is
//! not among them, so that no composite reads from it; who reads all the same is told `NotFound`, which is
//! the truth about any crash.

mod config;
mod storage;

pub use config::NullConfig;
pub use storage::NullStorage;

socorro_core::export_plugin! { name: "null", storage: NullStorage }
