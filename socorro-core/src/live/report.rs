//! What came of one attempt to adopt a configuration.
//!
//! One structure for everybody: the embedding program has it as a value, a person reads its
//! [`Display`](fmt::Display), and its [`Serialize`] is the one JSON of it, on the control socket, from the command
//! and in the log.

mod json;
mod text;
mod words;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::diff::Why;
use super::leaving::Straggler;
use super::plan::Plan;
use super::reason::Reason;
use crate::step::{Step, StoppedIn};

/// Why an attempt was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Trigger {
    /// The program started.
    Start,
    /// SIGHUP.
    Hangup,
    /// A file of the configuration has another content.
    Watch,
    /// A command over the control socket.
    Control,
    /// The embedding program.
    Request,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The new configuration runs.
    Applied,
    /// Nothing had changed.
    Unchanged,
    /// It was not adopted, and everything is as it was; see [`Refusal`].
    Refused,
}

/// Whose fault it is that a configuration was not adopted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The configuration is wrong: nothing but editing it helps.
    Invalid,
    /// Something that it needs is not there or broke: a later attempt may succeed.
    Failed,
    /// It took longer than `reload.timeout`.
    TimedOut,
}

/// What came of one attempt. Its [`Display`](std::fmt::Display) is for a person, its [`Serialize`] for machines.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReloadReport {
    /// Counted from 1; the start of the program is attempt 0.
    pub attempt: u64,
    /// When it ended.
    pub at: SystemTime,
    /// Why it was made.
    pub trigger: Trigger,
    /// How it ended.
    pub outcome: Outcome,
    /// The generation that runs after it.
    pub generation: u64,
    /// A hash of the configuration that is in force after it, as a [saved plan](super::SavedPlan) has it.
    pub configuration: String,
    /// How long the whole attempt took.
    pub took: Duration,
    /// How long each step took that was reached. Steps of several parts overlap, so the sum may be more than the
    /// whole.
    pub steps: Vec<(Step, Duration)>,
    /// The steps in which it came to its end, when it was refused in one: those that failed, panicked, or had not
    /// returned when the time was up.
    pub stopped_in: Vec<StoppedIn>,
    /// What it did, or was about to do when it was refused.
    pub plan: Plan,
    /// Why, key by key.
    pub why: Why,
    /// Why it was refused: every reason that was found.
    pub errors: Vec<Reason>,
    /// It was refused because it took longer than `reload.timeout`.
    pub timed_out: bool,
    /// The files were broken, and the program started on the last configuration that was adopted before, which
    /// is kept here. The errors are those of the files.
    pub last_good: Option<PathBuf>,
    /// Storages that run although their backend is not there (`start = "degraded"`), and why.
    pub degraded: Vec<(String, String)>,
    /// What this attempt let go and did not end cleanly. That shows after the attempt, so it is in what
    /// [`Socorro::history`](super::Socorro::history) has of it, as soon as it is known.
    pub stragglers: Vec<Straggler>,
}

impl ReloadReport {
    /// Of an attempt about which nothing else is known yet.
    pub(super) fn new(attempt: u64, trigger: Trigger, outcome: Outcome, generation: u64) -> Self {
        Self {
            attempt,
            at: SystemTime::now(),
            trigger,
            outcome,
            generation,
            configuration: String::new(),
            took: Duration::ZERO,
            steps: Vec::new(),
            stopped_in: Vec::new(),
            plan: Plan::default(),
            why: Why::default(),
            errors: Vec::new(),
            timed_out: false,
            last_good: None,
            degraded: Vec::new(),
            stragglers: Vec::new(),
        }
    }

    /// Whether what runs is all that the layers say: nothing was refused, nothing waits for a restart, and it does
    /// not run on the last good configuration.
    pub fn in_sync(&self) -> bool {
        self.outcome != Outcome::Refused && self.last_good.is_none() && !self.needs_restart()
    }

    /// Whether something takes a restart of the program; until then the old holds.
    pub fn needs_restart(&self) -> bool {
        self.plan.needs_restart()
    }

    /// Whose fault it is that it was refused; `None` when it was not.
    pub fn refusal(&self) -> Option<Refusal> {
        if self.outcome != Outcome::Refused {
            return None;
        }
        if self.timed_out {
            return Some(Refusal::TimedOut);
        }
        Some(if self.errors.iter().any(Reason::is_invalid) {
            Refusal::Invalid
        } else {
            Refusal::Failed
        })
    }

    /// How long the whole attempt took.
    pub fn duration(&self) -> Duration {
        self.took
    }
}
