//! What came of one attempt to adopt a configuration.

use std::fmt;
use std::time::Duration;

use super::plan::{Change, Plan};
use super::reason::Reason;

/// Why an attempt was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The program started.
    Start,
    /// SIGHUP.
    Hangup,
    /// The embedding program, or a command over the control socket.
    Request,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The new configuration runs.
    Applied,
    /// Nothing had changed.
    Unchanged,
    /// The configuration was wrong, or something required was not there; everything is as it was.
    Refused,
}

/// The steps of an attempt, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Read and merge the layers.
    Read,
    /// Load plugins, check options, resolve secrets.
    Check,
    /// Compare with what runs.
    Plan,
    /// Open what is new and ask for its health.
    Open,
    /// Switch: one atomic store.
    Commit,
}

/// What came of one attempt. Its [`Display`](fmt::Display) is for a person.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReloadReport {
    /// Counted from 1; the start of the program is attempt 0.
    pub attempt: u64,
    /// Why it was made.
    pub trigger: Trigger,
    /// How it ended.
    pub outcome: Outcome,
    /// The generation that runs after it.
    pub generation: u64,
    /// How long each step took that was reached.
    pub steps: Vec<(Step, Duration)>,
    /// What it did, or was about to do when it was refused.
    pub plan: Plan,
    /// Why it was refused: every reason that was found.
    pub errors: Vec<Reason>,
    /// Storages that run although their backend is not there (`start = "degraded"`), and why.
    pub degraded: Vec<(String, String)>,
}

impl ReloadReport {
    /// Whether what runs is what the layers say.
    pub fn in_sync(&self) -> bool {
        self.outcome != Outcome::Refused
    }

    /// How long the whole attempt took.
    pub fn duration(&self) -> Duration {
        self.steps.iter().map(|(_, took)| *took).sum()
    }
}

impl fmt::Display for ReloadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match (self.trigger, self.outcome) {
            (Trigger::Start, Outcome::Refused) => "start refused",
            (Trigger::Start, _) => "started",
            (_, Outcome::Applied) => "reload applied",
            (_, Outcome::Unchanged) => "reload: nothing changed",
            (_, Outcome::Refused) => "reload refused, everything stays as it was",
        };
        write!(
            f,
            "{verb}: generation {}, {}",
            self.generation,
            millis(self.duration())
        )?;
        for (place, (step, took)) in self.steps.iter().enumerate() {
            write!(
                f,
                "{}{step} {}",
                if place == 0 { " (" } else { ", " },
                millis(*took)
            )?;
        }
        if !self.steps.is_empty() {
            f.write_str(")")?;
        }
        for error in &self.errors {
            write!(f, "\n  error    {error}")?;
        }
        for (part, change) in &self.plan.changes {
            if *change != Change::Keep {
                write!(f, "\n  {change:<8} {part}")?;
            }
        }
        let kept: Vec<String> = self
            .plan
            .changes
            .iter()
            .filter(|(_, c)| **c == Change::Keep)
            .map(|(part, _)| part.to_string())
            .collect();
        if !kept.is_empty() && self.outcome == Outcome::Applied && self.trigger != Trigger::Start {
            write!(f, "\n  {:<8} {}", Change::Keep, kept.join(", "))?;
        }
        for (name, why) in &self.degraded {
            write!(f, "\n  degraded {name}: {why}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Check => "check",
            Self::Plan => "plan",
            Self::Open => "open",
            Self::Commit => "commit",
        })
    }
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
