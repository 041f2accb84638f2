//! Every secret option gets a secret that can be found again, everything that can go wrong goes wrong, and all that
//! was said is searched: errors, `Debug`, dumps, explanations, reports, log lines of every level.
//!
//! What a plugin itself prints, logs or panics with is not the host's to hide; what it answers while it is opened is.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests"
)]

mod guarded;
mod heard;
mod plain;
mod running;
mod told;
