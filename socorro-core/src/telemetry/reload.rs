//! What a report measures.

use super::table;
use crate::live::{Outcome, ReloadReport, unix_seconds};

/// Records what came of an attempt.
pub(crate) fn record(report: &ReloadReport) {
    let refusal = report.refusal().map_or("", |refusal| refusal.word());
    table::RELOADS
        .counter(&[report.outcome.word(), refusal, report.trigger.word()])
        .increment(1);
    table::RELOAD_SECONDS
        .histogram(&[])
        .record(report.duration().as_secs_f64());
    for (step, took) in &report.steps {
        table::RELOAD_STEP_SECONDS
            .histogram(&[&step.to_string()])
            .record(took.as_secs_f64());
    }
    let successful = report.outcome != Outcome::Refused;
    set(table::LAST_RELOAD_SUCCESSFUL, successful);
    if successful {
        let when = unix_seconds(report.at);
        table::LAST_SUCCESS.gauge(&[]).set(when);
    }
    table::GENERATION.gauge(&[]).set(report.generation as f64);
    set(table::IN_SYNC, report.in_sync());
    set(table::NEEDS_RESTART, report.needs_restart());
    set(table::ON_LAST_GOOD, report.last_good.is_some());
    table::BUILD_INFO
        .gauge(&[env!("CARGO_PKG_VERSION")])
        .set(1.0);
}

fn set(metric: table::Metric, is: bool) {
    metric.gauge(&[]).set(f64::from(u8::from(is)));
}
