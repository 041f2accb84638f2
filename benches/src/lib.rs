//! What the benchmarks share: they interleave the peers round by round, and print medians and ratios side by
//! side, losses included.
//!
//! | file | idea |
//! |---|---|
//! | [`options`] | what the command line says |
//! | [`libraries`] | the plugins, as they are shipped |
//! | [`machine`] | what was measured on |
//! | [`crashes`], [`random`] | made crashes, the same for a seed |
//! | [`rounds`] | every peer in every round, in changing order |
//! | [`statistics`] | medians and percentiles |
//! | [`target`] | what was aimed at, and whether it was met |
//! | [`servers`] | what the benchmarks of backends with servers share |
#![allow(
    clippy::print_stdout,
    reason = "results go to whoever runs the benchmark"
)]

pub mod crashes;
pub mod libraries;
pub mod machine;
pub mod options;
pub mod random;
pub mod rounds;
pub mod servers;
pub mod statistics;
pub mod target;
