#![doc = include_str!("../README.md")]

mod blocking;
mod config;
mod disk;
mod failure;
mod layout;
mod source;
mod source_tree;
mod storage;
mod store;

pub use config::{Layout, SourceConfig, StorageConfig};
pub use source::FilesystemSource;
pub use storage::FilesystemStorage;
pub use store::Swept;

socorro_core::export_plugin! {
    name: "filesystem",
    storage: FilesystemStorage,
    source: FilesystemSource,
}

#[cfg(test)]
mod tests;
