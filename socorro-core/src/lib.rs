//! Storage for crash reports: a JSON document with named binary dumps and an id that carries its date.
//!
//! | room | idea |
//! |---|---|
//! | [`crash`] | the model: id, raw crash, dumps, processed crash, redaction, limits |
//! | [`storage`] | the trait every backend implements |
//! | [`source`] | where new crashes come from |
//! | [`options`] | durations, sizes and secrets in configuration |
//! | [`plugin`] | the C boundary and what a plugin author implements |
//! | [`transaction`] | executors: retry, back off, give up |
#![warn(missing_docs)]

pub mod context;
pub mod crash;
pub mod error;
#[cfg(feature = "host")]
pub mod live;
pub mod options;
pub mod plugin;
pub mod source;
pub mod storage;
pub mod transaction;

pub use async_trait::async_trait;
pub use bytes::Bytes;
pub use context::Context;
pub use error::{Error, ErrorKind, Result};
