//! The plugin boundary, both sides of it: what crosses arrives whole and uncopied, and whatever a plugin does,
//! the host stays unharmed and every operation ends.
// Helpers of tests fail like tests; clippy's leave for tests ends at the functions marked so.
#![allow(clippy::unwrap_used, clippy::panic)]

mod cancel;
mod contract;
mod crossing;
mod destroy;
mod lifecycle;
mod panics;
mod raw;
mod receive;
mod scripted;
