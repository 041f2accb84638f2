//! Thousands of reloads, back to back, under a load that does not wait for answers, and an exact account of
//! every operation.
//!
//! Four storages behind real shared libraries: `kept`, which no edit touches; `memory`, whose instance no edit
//! may replace, because it would forget what it holds; `disk`, whose plugin and library change; and `pair`, which
//! writes to two or three others that come, go, and are replaced all at once. A plugin that writes down every
//! call it gets ([witness]) says what really happened.
//!
//! # What is accounted for
//!
//! * *Failed*: every operation succeeds.
//! * *Lost*: what a save acknowledged is listed and read back with the same bytes, during and after the run.
//! * *Doubled*: no storage got one save or delete twice.
//! * *Misrouted*: nothing turns up in a storage that it was not saved to.
//! * *Between two generations*: all stores that a save to `pair` went to were of one configuration, and of the one
//!   that the operation was pinned to.
//! * *Disturbed*: `kept` was opened once, asked for its health once, and got nothing else but the operations of the
//!   load.
//! * *Plans*: every reload did to every part what its edit means, and nothing else.
//! * *Left behind*: instances, descriptors, threads, mapped files; and the trend of the resident memory.
//!
//! | file | idea |
//! |---|---|
//! | [`options`] | how long, how hard |
//! | `place` | directories, libraries of several versions, the configuration file |
//! | `model`, `edits` | what the configuration says, and how it is edited |
//! | `schedule`, `load` | operations at times fixed in advance |
//! | `ledger` | what is stored where, for certain |
//! | `calls` | what the witness wrote down, checked |
//! | `process`, `slope` | what the process holds; a trend and how certain it is |
//! | `outcome` | the account |
//! | `run` | all of it |
//!
//! [witness]: https://github.com/socorro-rs/socorro/tree/main/xtask/soak/plugin
#![allow(
    clippy::print_stdout,
    reason = "the account goes to whoever runs the soak"
)]

mod calls;
mod edits;
mod ledger;
mod load;
mod model;
pub mod options;
mod outcome;
mod place;
mod process;
mod random;
mod run;
mod schedule;
mod slope;

pub use outcome::Outcome;
pub use run::run;
