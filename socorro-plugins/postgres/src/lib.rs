#![doc = include_str!("../README.md")]

mod config;
mod connection;
mod failure;
mod health;
mod json;
mod layout;
mod queue;
mod read;
mod retention;
mod save;
mod source;
mod storage;

pub use config::{DumpsOption, Partition, Priority, SourceConfig, StorageConfig};
pub use source::PostgresSource;
pub use storage::PostgresStorage;

socorro_core::export_plugin! { name: "postgres", storage: PostgresStorage, source: PostgresSource }
