//! Storage for crash reports: a JSON document with named binary dumps and an id that carries its date.
//!
//! | room | idea |
//! |---|---|
//! | [`crash`] | the model: id, raw crash, dumps, processed crash, redaction, limits |
//! | [`storage`] | the trait every backend implements |
//! | [`source`] | where new crashes come from |
//! | `config` (feature `host`) | layered configuration, checked as a whole |
//! | [`options`] | durations, sizes and secrets in configuration |
//! | [`plugin`] | the C boundary and what a plugin author implements |
//! | [`transaction`] | executors: retry, back off, give up |
//! | `telemetry` (feature `host`) | what is measured, through the `metrics` facade |
//! | `conformance` | with the feature of that name: what any storage and source must do, as cases to run |
#![warn(missing_docs)]

#[cfg(feature = "host")]
pub mod compose;
#[cfg(feature = "host")]
pub mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod context;
pub mod crash;
pub mod error;
#[cfg(feature = "host")]
pub mod live;
pub mod options;
#[cfg(feature = "host")]
pub mod pipeline;
pub mod plugin;
pub mod source;
#[cfg(feature = "host")]
mod step;
pub mod storage;
#[cfg(feature = "host")]
pub mod telemetry;
pub mod transaction;

pub use async_trait::async_trait;
pub use bytes::Bytes;
pub use context::Context;
pub use error::{Error, ErrorKind, Result};

/// Runs the example in the README.
#[cfg(all(doctest, feature = "host"))]
#[doc = include_str!("../README.md")]
struct Readme;
