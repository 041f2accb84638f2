//! The plugin as a loaded library, under the least-privileged role of docs/postgres.md, on real servers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod access;
mod conformance;
mod content;
mod cut;
mod kill;
mod many;
mod migrate;
mod partitions;
mod queue;
mod retention;
mod support;
mod tls;
