//! The protocol, against a server that answers as each test says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod batches;
mod fake;
mod items;
mod lost;
mod open;
