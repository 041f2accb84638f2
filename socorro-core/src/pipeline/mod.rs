//! Moves crashes: from a source of new ones, out of one storage, into others.
//!
//! # The life of one crash in a pipeline
//!
//! 1. The source hands out its id. At most `concurrency` crashes are under way at once; the source is asked
//!    for no more than there is room for.
//! 2. The generation of that moment is pinned; everything that follows happens in it.
//! 3. All there is of the crash is read from the storage `from`: raw crash, dumps, and the processed crash if
//!    the catalog names one. *What cannot be read* is neither saved empty nor removed: it is nacked, reported
//!    and left.
//! 4. The transform registered under the pipeline's name may change it; without one it stays as it is.
//! 5. It is saved to every storage in `to`, in parallel, each through its own executor. *One that fails* after
//!    its executor gave up makes the crash nacked; what the others saved stays, saving is idempotent.
//! 6. With `after = "ack_and_delete"` it is deleted from `from`. *A delete that fails* nacks the crash, so that
//!    it comes again and the delete with it.
//! 7. It is acknowledged. *An acknowledgement that is lost* makes the source hand it out again. Then it is
//!    saved again, which changes nothing, or is gone from `from`: when every backend in `to` has it, it was
//!    delivered before; it is deleted once more, for a delete that was cut short, and acknowledged.
//!
//! A kill at any point leaves the crash in the source or in every destination, or both.
//!
//! # When a reload comes
//!
//! * A pipeline that stays, from a source that stays, goes on: storages are exchanged under it, each crash is
//!   delivered in one generation from its start to its end.
//! * A pipeline that is new, or in which anything changed, is started with the commit. The one before it takes
//!   nothing more and sees through what it has, at most until the drain deadline of the configuration that
//!   replaced it; then the rest is given back. *A transform or a plugin that never comes back* keeps nothing else
//!   from going on.
//! * A source that leaves hands out nothing from the commit on. *A receive under way* is cancelled, and what it took
//!   is given back. Crashes that are out are settled on the instance that handed them out, which stays open for
//!   that; acknowledgements have a little longer than deliveries, because they come last. Then it is closed, which
//!   flushes them. *What is still out at the end* is given back by the close and delivered anew.
//! * A pipeline whose source failed for good is started again by any reload, also by one that changes nothing. It
//!   keeps no other pipeline from going on.
//!
//! So each crash is delivered once, unless its source hands it out again: after a kill, a deadline or a failure.

mod deliver;
mod runner;
mod state;
mod supervisor;
mod transform;

pub use state::PipelineState;
pub(crate) use state::States;
pub(crate) use supervisor::Supervisor;
pub use transform::{Crash, Transform};

/// Whether pipelines run, and until when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pipelines {
    /// Sources stay closed; only storages are opened. What an embedding program wants that only saves and reads.
    #[default]
    Off,
    /// Until the program is shut down.
    Forever,
    /// Until the sources are drained, the present moment included.
    Once,
}
