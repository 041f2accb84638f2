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

mod deliver;
mod runner;
mod supervisor;
mod transform;

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
