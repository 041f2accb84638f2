//! Nothing but tests: the files of `socorro-core/src/live` that pin, enter, swap and retire, compiled with the types
//! of the model checker `loom`, and run in every order of their steps that the memory model allows.
//!
//! The files are those of the product, included by their path. What they use of the rest is stood in for by
//! `live/`, with as little as they need. Things of `tokio` in them are real and not interleaved: the checker sees
//! each call as one step that orders nothing, so it asks for more of the code than is needed and never for less.
//!
//! Included are `switch.rs`, `in_service.rs` and `handover/slot.rs`. Not included, because they need the rest of the
//! product: who calls them (`handle.rs`, `handover/pin.rs`, `handover/exchange.rs`, `handover/old.rs` and `leaving/`),
//! whose calls the models make in their order, and `handover/parking.rs`, in whose place stands a lock with a
//! condition. The cells of `arc-swap` and the counting of `Arc` and `Weak` are those of `live/sync.rs`.
//!
//! What is shown, and by which line of the source, is told in `socorro-core/src/live/switch.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "models fail like tests"
)]

mod live;
