use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::options::Options;
use crate::process::Holds;
use crate::slope::Slope;

/// The account of a soak. Its [`Display`](fmt::Display) is for a person.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What it was.
    pub options: Options,
    /// How long the reloads took.
    pub took: Duration,
    /// How many reloads of each kind.
    pub edits: BTreeMap<String, usize>,
    /// Operations that succeeded, by what they were: `Save at kept`.
    pub done: BTreeMap<String, u64>,
    /// Operations that failed.
    pub failed: u64,
    /// Latency from when an operation was due, that 50, 99 and 99.9 percent did not exceed.
    pub latencies: [Duration; 3],
    /// Bytes of resident memory that a reload adds.
    pub memory: Option<Slope>,
    /// What the process held before it began, and after all ended.
    pub before: Holds,
    /// See above.
    pub after: Holds,
    /// Libraries in memory.
    pub images: usize,
    /// All that is wrong, as far as it was told.
    pub wrong: Vec<String>,
}

/// Bytes for each of so many reloads that a run may grow by: in a long run next to nothing, in a short one what a few
/// more of an allocator's holes come to.
pub(crate) fn growth(reloads: usize) -> f64 {
    (HOLES / reloads as f64).max(32.0)
}

const HOLES: f64 = 128.0 * 1024.0;

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.took.as_secs_f64();
        writeln!(
            f,
            "{} reloads in {seconds:.1} s ({:.0} a second), {} operations a second, seed {}",
            self.options.reloads,
            self.options.reloads as f64 / seconds,
            self.options.rate,
            self.options.seed
        )?;
        for (edit, count) in &self.edits {
            writeln!(f, "  {count:>7}  {edit}")?;
        }
        let all: u64 = self.done.values().sum();
        writeln!(f, "{all} operations succeeded, {} failed", self.failed)?;
        for (what, count) in &self.done {
            writeln!(f, "  {count:>7}  {what}")?;
        }
        let [half, most, nearly_all] = self.latencies.map(|it| it.as_secs_f64() * 1000.0);
        writeln!(
            f,
            "latency from when they were due: p50 {half:.2} ms, p99 {most:.2} ms, p99.9 {nearly_all:.2} ms"
        )?;
        match self.memory {
            Some(slope) => writeln!(
                f,
                "resident memory: {:+.1} ± {:.1} bytes a reload (95 %), {}",
                slope.each,
                slope.margin,
                if slope.may_be_flat() {
                    "flat"
                } else {
                    "not flat"
                }
            )?,
            None => writeln!(f, "resident memory: too few reloads for a trend")?,
        }
        writeln!(f, "before: {}", self.before.summary())?;
        writeln!(f, "after:  {}", self.after.summary())?;
        writeln!(f, "{} libraries in memory", self.images)?;
        if self.wrong.is_empty() {
            return write!(f, "nothing is wrong");
        }
        write!(f, "WRONG:")?;
        self.wrong
            .iter()
            .try_for_each(|wrong| write!(f, "\n  {wrong}"))
    }
}
