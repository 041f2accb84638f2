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
//! 5. **Commit**: one atomic store. Nothing after it can fail.
//! 6. **Drain** in the background: operations end in the generation they started in. Waits between retries of
//!    instances that leave are woken; at the drain deadline what is left is cancelled. An instance retires
//!    when the last operation lets go of it.
//!
//! Until step 5 everything new belongs to one value, whose drop is the whole rollback: *an error, a panic, a
//! deadline or a SIGTERM* in any step leaves the running generation as it was.
//!
//! | file | idea |
//! |---|---|
//! | `socorro.rs` | what a program holds |
//! | `handle.rs`, `admission.rs` | a named storage, whichever instance is behind it |
//! | `generation.rs`, `shared.rs` | what runs, and who relies on it |
//! | `switch.rs`, `slot.rs`, `in_service.rs`, `sync.rs` | pinning it, and exchanging it under those who do |
//! | `coordinator.rs`, `driver.rs` | who reloads when, and carrying it out |
//! | `attempt.rs`, `environment.rs`, `wanted.rs`, `plan.rs`, `open.rs` | one attempt |
//! | `basis.rs`, `settings.rs`, `diff.rs`, `saved.rs` | what changed and why; a plan that was reviewed |
//! | `starting.rs`, `keep.rs` | the start, and what is kept for one on broken files |
//! | `control/` | the socket over which a running program is asked |
//! | `instance.rs`, `degraded.rs` | the life of an instance |
//! | `leaving/`, `retire.rs`, `reaper.rs`, `stop.rs` | its end |
//! | `report.rs`, `reason.rs` | what came of it |

mod admission;
mod attempt;
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
mod in_service;
mod instance;
mod keep;
mod leaving;
mod open;
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
mod slot;
mod socorro;
mod starting;
mod stop;
mod switch;
mod sync;
mod waiting;
mod wanted;

pub use check::Checked;
pub use diff::{Cause, Diff, Why};
pub(crate) use generation::{Generation, SourceEntry};
pub use handle::StorageHandle;
pub(crate) use in_service::{Live, Within};
pub(crate) use instance::{LiveSource, OpenSource};
pub use leaving::{Leaving, Stage, Straggler};
pub use plan::{Change, Identity, Part, Plan, Shape};
pub use reason::{Reason, Refused};
pub use report::{Outcome, ReloadReport, Trigger};
pub use saved::SavedPlan;
pub use settings::Setting;
pub(crate) use shared::Shared;
pub use socorro::{Builder, Socorro};

#[cfg(feature = "failpoints")]
pub use crate::step::{Failpoints, Fault};
pub use crate::step::{How, Step, StoppedIn};
