//! The conformance suite: what any storage and any source must do, as a list of cases that can be run against
//! yours.
//!
//! A [`StorageSubject`] says how to get at the storage; [`storage()`] puts it through every case that its
//! [capabilities](crate::storage::Capabilities) make applicable, and tells in a [`Report`] how each ended.
//! [`SourceSubject`] and [`source()`] do the same for sources.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use socorro_core::conformance::{self, StorageSubject};
//! use socorro_core::storage::CrashStorage;
//! use socorro_core::{Result, async_trait};
//! # async fn my_storage(_prefix: &str) -> Result<Arc<dyn CrashStorage>> { unimplemented!() }
//!
//! struct Mine;
//!
//! #[async_trait]
//! impl StorageSubject for Mine {
//!     async fn open(&self, case: &str) -> Result<Arc<dyn CrashStorage>> {
//!         my_storage(case).await
//!     }
//!
//!     async fn reopen(&self, case: &str) -> Option<Result<Arc<dyn CrashStorage>>> {
//!         Some(my_storage(case).await)
//!     }
//! }
//!
//! # async fn my_test() {
//! conformance::storage(&Mine).await.assert();
//! # }
//! ```
//!
//! Runs on a tokio runtime with time enabled; a multi-thread one shows more. Cases do not panic, a panic of
//! the subject fails the case it happened in, and one that hangs fails when the subject's patience is over.
//! All data is made from a seed by [`data`], so that a failure comes back. Nothing is cleaned up: give the
//! suite a place of its own and remove it.

mod check;
pub mod data;
mod report;
mod runner;
mod scratch;
pub mod source;
pub mod storage;
mod subject;
mod verdict;

pub use report::{Entry, Outcome, Report};
pub use source::run as source;
pub use storage::run as storage;
pub use subject::{SourceSubject, StorageSubject};
pub use verdict::{Stop, Verdict};

#[cfg(test)]
mod tests;
