//! How a running program is.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use serde::{Serialize, Serializer};
use serde_json::json;
use tokio::sync::watch;

use super::admission::InFlight;
use super::away::Away;
use super::history::History;
use super::leaving::{Departures, Leaving, Stage, Straggler};
use super::plan::Part;
use super::report::ReloadReport;
use super::shared::Shared;
use super::time::{moment, rfc3339};
use crate::pipeline::{PipelineState, States};
use crate::plugin::loader::{ResidentImage, resident_images};
use crate::telemetry::{self, Meters};

/// How a running program is. Its [`Display`](fmt::Display) is for a person, its [`Serialize`] for machines.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Status {
    /// The number of the process.
    pub pid: u32,
    /// The version of this library.
    pub version: &'static str,
    /// When the first generation was there.
    #[serde(serialize_with = "moment")]
    pub started: SystemTime,
    /// The generation that runs; 0 when everything has ended.
    pub generation: u64,
    /// Whether what runs is all that the files said when they were last read.
    pub in_sync: bool,
    /// What came of the last attempt.
    pub report: ReloadReport,
    /// Storages and sources that are without their backend right now, and why.
    pub degraded: BTreeMap<Part, String>,
    /// What was let go and is still in use, the oldest first.
    pub leaving: Vec<Leaving>,
    /// Instances that did not end cleanly, the youngest last; at most 100.
    pub stragglers: Vec<Straggler>,
    /// The libraries in memory.
    pub images: Images,
    /// How the pipelines fare, by name.
    #[serde(serialize_with = "pipelines")]
    pub pipelines: BTreeMap<String, PipelineState>,
    /// By storage, what is under way on its current instance.
    pub in_flight: BTreeMap<String, InFlight>,
}

/// Libraries in memory, which are never unloaded.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Images {
    /// How many there may be: `plugins.max_images`.
    pub most: usize,
    /// Each of them, in the order of their hashes.
    pub resident: Vec<ResidentImage>,
}

/// Where all that is to be found. Keeps nothing running.
#[derive(Clone)]
pub(super) struct Observed {
    pub(super) shared: Arc<Shared>,
    pub(super) history: Arc<History>,
    pub(super) stragglers: watch::Receiver<Vec<Straggler>>,
    pub(super) departures: Arc<Departures>,
    pub(super) states: States,
    pub(super) away: Arc<Away>,
    pub(super) meters: Arc<Meters>,
    pub(super) started: SystemTime,
}

impl Observed {
    pub(super) fn status(&self) -> Status {
        let generation = self.shared.pin();
        let report = self.history.last();
        let in_flight = generation.storages.iter();
        Status {
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION"),
            started: self.started,
            generation: generation.number,
            in_sync: report.in_sync(),
            report,
            degraded: self.away.now(),
            pipelines: self.states.all(),
            leaving: self.departures.all(),
            stragglers: self.stragglers.borrow().clone(),
            images: Images {
                most: generation.settings.plugins.max_images,
                resident: resident_images(),
            },
            in_flight: in_flight
                .map(|(name, entry)| (name.to_string(), entry.admission.in_flight()))
                .collect(),
        }
    }

    pub(super) fn history(&self) -> Vec<ReloadReport> {
        self.history.all(&self.stragglers.borrow())
    }

    pub(super) fn measure(&self) {
        telemetry::record_gauges(&self.status(), &self.meters);
    }
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observed").finish_non_exhaustive()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = &self.report;
        writeln!(
            f,
            "socorro {}, process {}, generation {}",
            self.version, self.pid, self.generation
        )?;
        writeln!(f, "configuration {}", report.configuration)?;
        writeln!(
            f,
            "in sync  {}",
            match (self.in_sync, report.needs_restart(), &report.last_good) {
                (true, ..) => "yes",
                (_, _, Some(_)) => "NO: it runs on the last good configuration",
                (_, true, _) => "NO: something takes a restart",
                _ => "NO: the last attempt was refused",
            }
        )?;
        writeln!(
            f,
            "last     attempt {} at {}",
            report.attempt,
            rfc3339(report.at)
        )?;
        write!(f, "{report}")?;
        for (part, why) in &self.degraded {
            write!(f, "\nis away  {part}: {why}")?;
        }
        for one in &self.leaving {
            let stage = match one.stage {
                Stage::Draining => "draining",
                Stage::Closing => "closing",
                Stage::LeftBehind => "LEFT",
            };
            write!(
                f,
                "\n{stage:<8} {} of before generation {}: {} operations, since {}",
                one.part,
                one.generation,
                one.operations,
                rfc3339(one.since),
            )?;
        }
        for one in &self.stragglers {
            write!(f, "\nstraggler {}: {}", one.part, one.why)?;
        }
        write!(
            f,
            "\nimages   {} of {}",
            self.images.resident.len(),
            self.images.most
        )?;
        for image in &self.images.resident {
            let hash = image.sha256.to_string();
            let short = hash.get(..12).unwrap_or(&hash);
            let what = match image.plugins.join(", ") {
                none if none.is_empty() => "unfit".to_owned(),
                plugins => plugins,
            };
            write!(f, "\n  {short} {what} {}", image.path.display())?;
        }
        for (name, state) in &self.pipelines {
            if let PipelineState::Failed(error) = state {
                write!(f, "\nFAILED   pipeline.{name}: {error}")?;
            }
        }
        let busy = self.in_flight.iter().filter(|(_, one)| one.operations > 0);
        for (name, one) in busy {
            write!(
                f,
                "\nbusy     storage.{name}: {} operations, {} bytes",
                one.operations, one.bytes
            )?;
        }
        Ok(())
    }
}

fn pipelines<S: Serializer>(
    states: &BTreeMap<String, PipelineState>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(states.iter().map(|(name, state)| {
        let state = match state {
            PipelineState::Running => json!({ "state": "running" }),
            PipelineState::Drained => json!({ "state": "drained" }),
            PipelineState::Failed(error) => {
                json!({ "state": "failed", "error": error.to_string() })
            }
        };
        (name, state)
    }))
}
