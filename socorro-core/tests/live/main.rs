//! Live reload over plugins driven through the C table: what is kept, replaced, refused, drained and ended.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests"
)]

mod accounting;
mod control;
mod diff;
mod drain;
mod ends;
mod exclusive;
mod expecting;
mod last_good;
mod outages;
mod pipelines;
mod reload;
mod rewire;
mod rotate;
mod scripted;
mod start;
mod storm;
mod stuck;
mod support;
mod watch;
