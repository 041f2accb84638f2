//! The one JSON of a report.
//!
//! | key | value |
//! |---|---|
//! | `attempt` | counted from 1; 0 is the start |
//! | `at` | when it ended, RFC 3339 |
//! | `trigger` | `start`, `hangup`, `watch`, `control` or `request` |
//! | `outcome` | `applied`, `unchanged` or `refused` |
//! | `refusal` | of a refused one `invalid`, `failed` or `timed_out`, else null |
//! | `generation` | the one that runs after it |
//! | `configuration` | the hash of the configuration that is in force after it |
//! | `in_sync`, `needs_restart` | true or false |
//! | `milliseconds` | how long it took |
//! | `phases` | how long each step took that was reached, in milliseconds, by the step's name; steps overlap |
//! | `stopped_in` | the steps that a refused one came to its end in, each with `step`, `about` and `how` |
//! | `plan` | by part, what happens to it: `keep`, `change_in_place`, `add`, `replace`, `remove`, `restart` |
//! | `why` | what made it so: see [`Why`](crate::live::Why) |
//! | `errors` | every reason of a refusal, each with its `code` and `message` |
//! | `degraded` | by storage or source, why it runs without its backend |
//! | `stragglers` | what it let go and did not end cleanly, each with `name` and `why` |
//! | `last_good` | where the configuration is kept that it started on, because the files are broken; else null |

use std::collections::BTreeMap;
use std::time::Duration;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::ReloadReport;
use crate::live::time::rfc3339;

impl Serialize for ReloadReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("attempt", &self.attempt)?;
        map.serialize_entry("at", &rfc3339(self.at))?;
        map.serialize_entry("trigger", &self.trigger)?;
        map.serialize_entry("outcome", &self.outcome)?;
        map.serialize_entry("refusal", &self.refusal())?;
        map.serialize_entry("generation", &self.generation)?;
        map.serialize_entry("configuration", &self.configuration)?;
        map.serialize_entry("in_sync", &self.in_sync())?;
        map.serialize_entry("needs_restart", &self.needs_restart())?;
        map.serialize_entry("milliseconds", &milliseconds(self.duration()))?;
        map.serialize_entry("phases", &self.phases())?;
        map.serialize_entry("stopped_in", &self.stopped_in)?;
        map.serialize_entry("plan", &self.plan.changes)?;
        map.serialize_entry("why", &self.why.to_json())?;
        map.serialize_entry("errors", &self.errors)?;
        map.serialize_entry(
            "degraded",
            &BTreeMap::from_iter(self.degraded.iter().cloned()),
        )?;
        map.serialize_entry("stragglers", &self.stragglers)?;
        map.serialize_entry("last_good", &self.last_good)?;
        map.end()
    }
}

impl ReloadReport {
    /// In milliseconds.
    fn phases(&self) -> BTreeMap<&'static str, f64> {
        let steps = self.steps.iter();
        steps
            .map(|(step, took)| (step.word(), milliseconds(*took)))
            .collect()
    }
}

/// To the microsecond.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
