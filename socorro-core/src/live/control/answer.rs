//! What is answered, as JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::config::ConfigErrors;
use crate::live::plan::Change;
use crate::live::{Diff, Outcome, ReloadReport, Straggler, Trigger};

pub(super) fn error(why: &str) -> Value {
    json!({ "error": why })
}

pub(super) fn status(generation: u64, last: &ReloadReport, stragglers: &[Straggler]) -> Value {
    let stragglers: Vec<String> = stragglers
        .iter()
        .map(|straggler| format!("{}: {}", straggler.name, straggler.why))
        .collect();
    json!({ "ok": {
        "pid": std::process::id(),
        "version": env!("CARGO_PKG_VERSION"),
        "generation": generation,
        "in_sync": last.in_sync(),
        "report": report(last),
        "stragglers": stragglers,
    }})
}

/// The reload was asked for, and is under way.
pub(super) fn asked() -> Value {
    json!({ "ok": { "asked": true } })
}

pub(super) fn reloaded(report_of: &ReloadReport) -> Value {
    json!({ "ok": { "report": report(report_of) } })
}

pub(super) fn diff(diff: &Result<Diff, ConfigErrors>) -> Value {
    match diff {
        Ok(diff) => json!({ "ok": {
            "diff": diff.to_json(),
            "empty": diff.is_empty(),
            "plan": diff.saved(),
            "text": diff.to_string(),
        }}),
        Err(errors) => json!({ "ok": { "invalid": errors.to_string() } }),
    }
}

fn report(report: &ReloadReport) -> Value {
    let changes: BTreeMap<String, Change> = report
        .plan
        .changes
        .iter()
        .map(|(part, change)| (part.to_string(), *change))
        .collect();
    let steps: BTreeMap<String, f64> = report
        .steps
        .iter()
        .map(|(step, took)| (step.to_string(), took.as_secs_f64()))
        .collect();
    let errors: Vec<String> = report.errors.iter().map(ToString::to_string).collect();
    json!({
        "attempt": report.attempt,
        "trigger": match report.trigger {
            Trigger::Start => "start",
            Trigger::Hangup => "hangup",
            Trigger::Watch => "watch",
            Trigger::Request => "request",
        },
        "outcome": match report.outcome {
            Outcome::Applied => "applied",
            Outcome::Unchanged => "unchanged",
            Outcome::Refused => "refused",
        },
        "generation": report.generation,
        "configuration": report.configuration,
        "in_sync": report.in_sync(),
        "needs_restart": report.plan.needs_restart(),
        "timed_out": report.timed_out,
        "last_good": report.last_good,
        "seconds": steps,
        "changes": changes,
        "why": report.why.to_json(),
        "errors": errors,
        "reasons": report.errors,
        "degraded": report.degraded.iter().cloned().collect::<BTreeMap<_, _>>(),
        "text": report.to_string(),
    })
}
