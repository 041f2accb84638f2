//! Code that is replaced on disk while it runs: the next reload picks it up, whatever way it was replaced, and
//! operations that began in the old code end in it.
// Helpers of tests fail like tests; clippy's leave for tests ends at the functions marked so.
#![allow(clippy::unwrap_used, clippy::panic)]
#![cfg(target_os = "linux")]

mod bound;
#[path = "../boundary_loaded/build.rs"]
mod build;
mod means;
mod support;
