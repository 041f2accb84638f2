//! The conformance suite, and payloads, through the whole boundary: libraries that were built apart, found and
//! loaded as in production.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod composite;
mod loaded;
mod payloads;
mod sources;
mod storages;
