//! Exchanging what cannot be shared: taking an instance out of service, and another one, or the same, into it.
//!
//! A plugin declares what an instance needs for itself, and how two may meet at it
//! ([`Exchange`](crate::plugin::Exchange)). The [plan](super::Plan) compares that between what runs and what is
//! wanted, also across names. What may overlap takes no part in what follows: its operations wait for nothing.
//!
//! # The exchange, step by step
//!
//! Everything that overlaps, and every successor in a handover, is open and healthy before this begins, so that
//! as little as possible can fail after something was broken. `reload.park_timeout` is T.
//!
//! 1. **Park.** Each old instance leaves its [slot](Slot). Operations that come find it empty and wait, at most
//!    until T after the beginning; they pin no generation meanwhile. How many, with how many bytes, bounds the
//!    part's `max_operations` and `max_bytes`, as for any operation in flight: what is beyond is refused with
//!    `Overloaded`. Sources hand out nothing.
//! 2. **Drain.** What began before sees through what it has: an operation, every operation of one delivery of a
//!    pipeline, the settling of every crash that a source handed out. Waits between retries are cut short. After T/4 (or
//!    `reload.drain_timeout`, if that is shorter) what is left is cancelled. *What does not let go even then*, such
//!    as a pinned handle that is kept, fails the exchange at T/2. Whoever holds what never ended goes on with it.
//! 3. **Close.** When nothing holds an old instance it retires: it is flushed and destroyed, and lets go of its
//!    [claim](Claim). *One that does not end by T/2* fails the exchange; *one that leaves something running* never
//!    lets go of its claim.
//! 4. **Open** the new instances that could not be opened before, each within T/4 (or `plugins.timeout`, if that is
//!    shorter). *One that fails or is late*: the exchange fails. Opening is not cut short even when the attempt is
//!    given up, because what is half open holds what nobody sees. *A plugin that ignores its deadline* is left
//!    behind, and destroyed when it comes back; until then only its own care keeps it from the resource.
//! 5. **Commit**, by the driver; then whoever waits goes on, in the new generation.
//!
//! # Going back
//!
//! When a step fails or panics, when the attempt is given up (`reload.timeout`, SIGTERM, a panic elsewhere), or
//! when the driver refuses what was prepared: what was opened in step 4 ends. Then, for each old instance:
//!
//! * *It never ended*, because something held it all the time: it goes back into its slot as it was.
//! * *It ended*: it is opened again from its options, into the same slot of the same generation.
//! * *It does not open by T*, or within T/4 when the attempt was given up later than that, or *its end hangs*:
//!   something in its place opens it as soon as it can, as with `start = "degraded"`. The report and the log say so.
//!
//! Then whoever waits goes on there. So an exchange always ends in one of three states: the new generation
//! serves; the old generation serves; or the old generation serves and this part of it is probed. An operation
//! that waits ends in one of three ways: it runs, once, in the generation that serves then; its own deadline
//! comes, `Timeout`; or T comes, `Unavailable`, which passes. In the last two nothing was done.
//!
//! At SIGTERM the exchange goes back first, bounded by the shutdown timeout, so that what was accepted is seen
//! through by an instance that is there. A SIGKILL leaves what a plugin leaves when it is killed at any time.
//!
//! | file | idea |
//! |---|---|
//! | `exchange.rs` | the steps, and the way back |
//! | `old.rs` | one old instance on its way out, and back |
//! | `slot.rs` | in service, or out of it |
//! | `parking.rs` | where operations wait |
//! | `pin.rs` | what one operation holds from its start to its end |
//! | `holders.rs` | who has what until it has ended |

mod exchange;
mod holders;
mod old;
mod parking;
mod pin;
mod slot;

pub(super) use exchange::{Exchanged, OpenedLate, Order, Turns, exchange};
pub(crate) use holders::{Claim, ClaimId, Holders};
pub(crate) use parking::Parking;
pub(crate) use pin::Pin;
pub(crate) use slot::Slot;
