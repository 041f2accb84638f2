#![doc = include_str!("../README.md")]

mod address;
mod config;
mod connection;
mod failure;
mod layout;
mod limit;
mod publisher;
mod source;
mod storage;

pub use config::{Config, QueueType, Queues, Route};
pub use source::RabbitmqSource;
pub use storage::RabbitmqStorage;

socorro_core::export_plugin! {
    name: "rabbitmq",
    storage: RabbitmqStorage,
    source: RabbitmqSource,
}
