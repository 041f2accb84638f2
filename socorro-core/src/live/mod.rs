//! Live reload: exchanging what runs for what the edited configuration says, all or nothing, without a lost,
//! failed or doubled operation.
//!
//! # One attempt, step by step
//!
//! 1. **Read** the layers. *A file that is gone or wrong* refuses the attempt with every error at once.
//! 2. **Check**: load the plugins, check every option against their schemas, resolve secrets, compare the
//!    resources that instances need for themselves. Nothing that runs is touched.
//! 3. **Plan**: a pure difference ([`Plan`]). What is made from the same library and the same options is kept
//!    and receives no call.
//! 4. **Open** what is new, all at once, under a deadline, and ask for its health. *A backend that is not
//!    there* refuses the attempt when it is required; with `start = "degraded"` it joins and is probed.
//! 5. **Exchange** what cannot be shared with its successor, if there is such: operations on it wait while the old
//!    is closed and the new is opened (the protocol is told in `handover/`). *A failure* opens the old again.
//! 6. **Commit**: one atomic store. Nothing after it can fail.
//! 7. **Drain** in the background: operations end in the generation they started in. Waits between retries of
//!    instances that leave are woken; at the drain deadline what is left is cancelled. An instance retires
//!    when the last operation lets go of it.
//!
//! Until step 6 everything new belongs to one value, whose drop is the whole rollback: *an error, a panic, a
//! deadline or a SIGTERM* in any step leaves the running generation as it was.
//!
//! | file | idea |
//! |---|---|
//! | `socorro.rs` | what a program holds |
//! | `handle.rs`, `admission.rs` | a named storage, whichever instance is behind it |
//! | `generation.rs`, `shared.rs` | what runs, and who relies on it |
//! | `switch.rs`, `in_service.rs`, `sync.rs` | pinning it, and exchanging it under those who do |
//! | `coordinator.rs`, `driver.rs` | who reloads when, and carrying it out |
//! | `attempt.rs`, `again.rs`, `environment.rs`, `wanted.rs`, `libraries.rs`, `plan.rs`, `open.rs`, `opening.rs` | one attempt |
//! | `handover/` | exchanging what cannot be shared |
//! | `basis.rs`, `settings.rs`, `diff.rs`, `saved.rs` | what changed and why; a plan that was reviewed |
//! | `starting.rs`, `keep.rs` | the start, and what is kept for one on broken files |
//! | `control/` | the socket over which a running program is asked |
//! | `watch/`, `asked.rs` | reloading when the files have changed; who asked for an attempt |
//! | `activity.rs` | what the program is at, for whoever tells a service manager |
//! | `instance.rs`, `degraded.rs` | the life of an instance |
//! | `leaving/`, `retire.rs`, `reaper.rs`, `stop.rs` | its end |
//! | `report.rs`, `reason.rs`, `history.rs` | what came of it |
//! | `status.rs`, `away.rs` | how it is right now |

mod activity;
mod admission;
mod again;
mod asked;
mod attempt;
mod away;
mod basis;
mod check;
mod control;
pub mod coordinator;
mod degraded;
mod diff;
mod driver;
mod environment;
mod generation;
mod handle;
mod handover;
mod history;
mod in_service;
mod instance;
mod keep;
mod leaving;
mod libraries;
mod open;
mod opening;
mod plan;
mod reaper;
mod reason;
mod report;
mod resolve;
mod retire;
mod saved;
mod settings;
mod shared;
mod show;
mod socorro;
mod starting;
mod status;
mod stop;
mod switch;
mod sync;
mod time;
mod waiting;
mod wanted;
mod watch;

pub use activity::Activity;
pub use admission::InFlight;
pub use check::Checked;
pub use diff::{Cause, Diff, Why};
pub(crate) use generation::{Generation, SourceEntry};
pub use handle::StorageHandle;
pub(crate) use handover::Pin;
pub(crate) use in_service::{Live, Within};
pub(crate) use instance::{LiveSource, OpenSource};
pub use leaving::{Leaving, Stage, Straggler};
pub use plan::{Change, Identity, Meeting, Part, Plan, Shape, Succession};
pub use reason::{Reason, Refused};
pub use report::{Outcome, Refusal, ReloadReport, Trigger};
pub use saved::SavedPlan;
pub use settings::Setting;
pub(crate) use shared::Shared;
pub use socorro::{Builder, Socorro};
pub use status::{Images, Status};
pub(crate) use time::unix_seconds;

#[cfg(feature = "failpoints")]
pub use crate::step::{Failpoints, Fault};
pub use crate::step::{How, Step, StoppedIn};
