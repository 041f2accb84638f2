//! Every step of a reload fails, panics and hangs, in a program with a loaded plugin. After each cell the program
//! serves as before, nothing is left over, and the report names the step.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests"
)]

#[path = "../zoo/build.rs"]
#[allow(dead_code, reason = "the zoo breeds more than is needed here")]
mod build;
mod cells;
mod left_over;
mod program;
