//! Servers of a test's own: what survives which end of them, and TLS in front of those that have none.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod own;
mod tls;
