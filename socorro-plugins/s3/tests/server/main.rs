//! The plugin, loaded from its library, against servers that nobody here wrote, under the account that docs/s3.md
//! describes and no other.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod configuration;
mod conformance;
mod encrypted;
mod kills;
#[path = "../common/library.rs"]
mod library;
mod load;
mod support;
