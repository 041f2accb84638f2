//! What is answered, as JSON.

use serde_json::{Value, json};

use crate::config::ConfigErrors;
use crate::live::{Diff, ReloadReport, Status};

pub(super) fn error(why: &str) -> Value {
    json!({ "error": why })
}

/// With what a person is told.
pub(super) fn status(status: &Status) -> Value {
    json!({ "ok": { "status": status, "text": status.to_string() } })
}

/// The youngest last.
pub(super) fn history(reports: &[ReloadReport]) -> Value {
    json!({ "ok": { "history": reports } })
}

/// The reload was asked for, and is under way.
pub(super) fn asked() -> Value {
    json!({ "ok": { "asked": true } })
}

pub(super) fn reloaded(report: &ReloadReport) -> Value {
    json!({ "ok": { "report": report, "text": report.to_string() } })
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
