#![doc = include_str!("../README.md")]

mod body;
mod bucket;
mod config;
mod connection;
mod failure;
mod layout;
mod set;
mod storage;
mod store;

pub use config::{Checksums, ConditionalWrites, Encryption, StorageConfig};
pub use storage::S3Storage;

socorro_core::export_plugin! {
    name: "s3",
    storage: S3Storage,
}

#[cfg(test)]
mod tests;
