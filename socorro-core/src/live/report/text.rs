//! A report for a person.

use std::fmt;
use std::time::Duration;

use super::{Outcome, ReloadReport, Trigger};
use crate::live::plan::{Change, Part};

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
