//! The `socorro` command as a process of its own, with plugins in libraries of their own.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

mod bad_configuration;
mod bad_crashes;
mod canaries;
mod configure;
mod control;
mod crashes;
mod diff;
mod dump;
mod errors;
mod json_schema;
mod kill;
mod leaving;
mod messages;
mod metrics;
mod once;
mod operate;
mod page;
mod plugins;
mod reload;
mod schema;
mod signals;
mod starts;
mod storm;
mod support;
mod systemd;
mod terminal;
mod tree;
mod two_movers;
mod watch;
