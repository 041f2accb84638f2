//! The plugin against an S3 server in this process: no network beyond loopback, nothing to install.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod conformance;
mod errors;
mod faults;
#[path = "../common/library.rs"]
mod library;
mod listing;
mod older;
mod opening;
mod replace;
mod support;
mod uploads;
