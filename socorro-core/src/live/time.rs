//! Moments as people and machines read them.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serializer;

/// In UTC, to the millisecond, as `2026-11-21T09:30:00.125Z`.
pub(super) fn rfc3339(moment: SystemTime) -> String {
    match jiff::Timestamp::try_from(moment) {
        Ok(moment) => format!("{moment:.3}"),
        // A clock that is thousands of years off.
        Err(_) => format!("{}s since 1970", unix_seconds(moment)),
    }
}

/// Since 1970; negative before.
pub(crate) fn unix_seconds(moment: SystemTime) -> f64 {
    match moment.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

/// As [`rfc3339`], for a field.
pub(super) fn moment<S: Serializer>(moment: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*moment))
}
