//! Crashes in memory: a storage that forgets everything when its instance closes, and a source of the crashes
//! that were saved into it.
//!
//! For tests, demonstrations and trying a configuration out. A reload that changes an option replaces the
//! instance, and what it held is gone; the ids that wait in a queue stay for as long as a storage or source
//! uses it.

mod config;
mod dumps;
mod queue;
mod shelf;
mod source;
mod storage;

pub use config::{MemorySourceConfig, MemoryStorageConfig};
pub use source::MemorySource;
pub use storage::MemoryStorage;

socorro_core::export_plugin! { name: "memory", storage: MemoryStorage, source: MemorySource }
