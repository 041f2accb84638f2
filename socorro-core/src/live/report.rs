//! What came of one attempt to adopt a configuration.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::diff::Why;
use super::plan::{Change, Part, Plan};
use super::reason::Reason;
use crate::step::{Step, StoppedIn};

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
}

impl ReloadReport {
    /// Whether what runs is what the layers say.
    pub fn in_sync(&self) -> bool {
        self.outcome != Outcome::Refused && self.last_good.is_none()
    }

    /// How long the whole attempt took.
    pub fn duration(&self) -> Duration {
        self.took
    }
}

impl ReloadReport {
    /// Why, unless the whole part is new or gone.
    fn fmt_causes(&self, f: &mut fmt::Formatter<'_>, part: &Part, change: Change) -> fmt::Result {
        if matches!(change, Change::Add | Change::Remove) {
            return Ok(());
        }
        let mut causes = self.why.parts.get(part).into_iter().flatten();
        causes.try_for_each(|cause| write!(f, "\n             {cause}"))
    }
}

impl fmt::Display for ReloadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match (self.trigger, self.outcome) {
            (Trigger::Start, Outcome::Refused) => "start refused",
            (Trigger::Start, _) if self.last_good.is_some() => {
                "started on the LAST GOOD configuration, because the files are broken"
            }
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
        for stopped in &self.stopped_in {
            write!(f, "\n  stopped  in {stopped}")?;
        }
        for error in &self.errors {
            write!(f, "\n  error    {error}")?;
        }
        for (part, change) in &self.plan.changes {
            if *change != Change::Keep {
                write!(f, "\n  {change:<8} {part}")?;
                self.fmt_causes(f, part, *change)?;
                if let Some(how) = self.plan.careful(part) {
                    write!(f, "\n             {how}")?;
                }
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
        for edit in &self.why.shadowed {
            write!(f, "\n  shadowed {edit}")?;
        }
        if let Some(kept) = &self.last_good {
            write!(
                f,
                "\n  runs on  {}; a reload reads the files again",
                kept.display()
            )?;
        }
        for (name, why) in &self.degraded {
            write!(f, "\n  degraded {name}: {why}")?;
        }
        Ok(())
    }
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
