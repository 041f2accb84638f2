//! The end of an instance that a reload or the shutdown lets go.
//!
//! # Step by step
//!
//! 1. **It leaves** with the commit. Its drain starts: waits between retries are woken once. A *source* is out of
//!    service from this moment: a receive under way is cancelled and what it took is given back, and no other
//!    begins. A *storage* still serves the operations of generations that have it.
//! 2. **Everything lets go of it**, and it retires: usually at once, and nobody waits for a deadline.
//! 3. **The drain deadline**, of the configuration that let it go. What still runs is cancelled and ends as
//!    `Cancelled`, with what is known of `applied`; deliveries of crashes from a source are given up and given
//!    back. The instance is out of service now even for a generation that something keeps alive: *a program that
//!    keeps a pinned handle, an operation that waits on another instance* do not keep this one open.
//! 4. **A grace** in which what was cancelled lets go, acknowledgements are flushed and crashes given back.
//! 5. **It is given up.** *A plugin that never returns* still holds it. It is closed under what is left, which is
//!    reported as a [`Straggler`] with the number of operations left.
//! 6. **It is flushed and destroyed** by the [reaper](super::reaper), each within its own time, on threads of their
//!    own. *A flush or destroy that hangs* is given up at its time, reported, and left behind.
//! 7. **It has ended**, or is **left behind** until it does, if ever. *Reloads that leave more and more behind* are
//!    refused at a [bound](room), because each may hold threads and connections for ever.
//!
//! *Whoever sees an instance off panics*: that is reported, operations in it end by themselves, and it retires when
//! the last of them does.
//!
//! Every instance goes these steps by itself, in a task of its own, so that none keeps another from ending. At the
//! shutdown the deadlines of all that are still leaving are brought forward.
//!
//! | file | idea |
//! |---|---|
//! | `departure.rs` | one instance that leaves |
//! | `departures.rs` | all of them, and what was reported |
//! | `room.rs` | how many there may be |

mod departure;
mod departures;
mod room;

pub(super) use departure::{Close, Departure, Terms};
pub(super) use departures::Departures;

use std::time::SystemTime;

use serde::Serialize;

use super::plan::Part;
use super::time::moment;
use crate::step::Step;

/// An instance on its way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Leaving {
    /// Which one.
    pub part: Part,
    /// The generation that ended it; 0 for one that was opened and never served.
    pub generation: u64,
    /// How many operations are in it; for a source, crashes that were handed out and are not settled count too.
    pub operations: usize,
    /// Since when it leaves.
    #[serde(serialize_with = "moment")]
    pub since: SystemTime,
    /// How far it has come.
    pub stage: Stage,
}

/// How far an instance has come that leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Operations in it end.
    Draining,
    /// It is flushed and destroyed.
    Closing,
    /// It was given up, and something of it still runs.
    LeftBehind,
}

/// An instance that did not end cleanly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Straggler {
    /// Its configured name.
    pub name: String,
    /// Which one.
    pub part: Part,
    /// The generation that ended it; 0 for one that was opened and never served.
    pub generation: u64,
    /// How many operations were still in it when it was given up.
    pub operations: usize,
    /// Since when it was leaving.
    #[serde(serialize_with = "moment")]
    pub since: SystemTime,
    /// When it was given up.
    #[serde(serialize_with = "moment")]
    pub at: SystemTime,
    /// Drain when operations in it did not end, or nobody could see to that; close when it could not be flushed or
    /// destroyed.
    pub step: Step,
    /// What went wrong, for a person.
    pub why: String,
}

#[cfg(test)]
mod tests;
