//! Several processes on one queue share the work, and one that is killed loses nothing: with real servers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    dead_code,
    reason = "tests; what they share with others is not used in full"
)]

mod postgres_queue;
mod rabbitmq_queue;
mod several;
#[path = "../command/support.rs"]
mod support;
#[path = "../command/tree.rs"]
mod tree;
