#![doc = include_str!("../README.md")]

mod bulk;
mod config;
mod connection;
mod document;
mod failure;
mod fields;
mod health;
mod indices;
mod layout;
mod list;
mod mapping;
mod reason;
mod retention;
mod storage;

pub use config::{Config, Oversize, Refresh};
pub use fields::FieldType;
pub use storage::ElasticsearchStorage;

socorro_core::export_plugin! {
    name: "elasticsearch",
    storage: ElasticsearchStorage,
}
