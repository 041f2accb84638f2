//! The plugin's library, loaded as in production, against real servers: Elasticsearch under the role of
//! docs/elasticsearch.md, and OpenSearch.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod account;
mod conformance;
mod fields;
mod health;
mod many;
mod place;
mod restart;
mod retention;
