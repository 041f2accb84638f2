//! Reloading when what the files say has changed, without being told.
//!
//! # How
//!
//! Once in an interval the watch takes a look: it reads what a reload would read, the files of the layers, what
//! they include, and the secret files they refer to, and keeps a hash of each content.
//!
//! 1. *The same as last time*: nothing is done. So nothing is for a file that was only touched, or written anew
//!    with what it said.
//! 2. *Something else than last time*: it may be half written, so it has to be the same at the next look too
//!    ([`Settling`]). A file that said something and is empty has to stay so for [`EMPTIED`] looks: what is
//!    truncated is about to be written.
//! 3. *Settled, and not what was asked for last*: a reload is asked for, of exactly what was seen. An attempt that
//!    reads anything else, because it was written in between, is refused, whatever it read.
//! 4. *Refused although the configuration is right*, as when a backend is away: asked for again, at growing
//!    intervals. One that is wrong waits for other content.
//!
//! The first look is taken before the program reads its files to start, so nothing that is written later is missed.
//!
//! # Why by looking, and not by being told
//!
//! Content decides in any case, so whoever is told of a change has to read everything too. Being told only says
//! when; and the ways in which a configuration changes are those in which it is said late, often or never: the
//! link `..data` of a Kubernetes volume or of a worktree of git-sync changes in a directory that no file of the
//! configuration lies in, editors rename over the file that is watched, and a network file system says nothing. A
//! look at some files takes well under a millisecond, needs no descriptor in between, and is the same everywhere.
//!
//! # What is not promised
//!
//! A writer that rests for longer than an interval in the middle of a file leaves something that nobody can tell
//! from a finished file, unless it is none that is valid. Whoever writes beside and renames over is safe.
//! Plugins' libraries are not watched.

mod settling;
mod task;

pub(super) use task::{Eyes, Watch, look};

#[cfg(doc)]
use settling::{EMPTIED, Settling};
