//! The crashes that are saved and read.

use anyhow::Result;
use socorro_core::Bytes;
use socorro_core::crash::CrashId;

use crate::crashes::{self, Crash, DUMP};
use crate::random::Random;

/// The largest dump.
const CAP: usize = 20_000_000;
/// The width of the distribution: at a median of 150 kB the mean is 359 kB, which is what Socorro saw.
const SIGMA: f64 = 1.32;

/// Crashes whose dumps are log-normally large: median 150 kB, at most 20 MB, with documents of 3 kB.
///
/// All dumps are parts of one block of noise, so that thousands of them fit in memory.
pub struct Load {
    crashes: Vec<Crash>,
}

impl Load {
    /// So many crashes.
    ///
    /// # Errors
    /// None; the documents are documents.
    pub fn new(random: &mut Random, count: usize) -> Result<Self> {
        let noise = Bytes::from(random.bytes(CAP + (1 << 20)));
        let crashes = (0..count)
            .map(|_| {
                let size = size(random);
                let start = usize::try_from(random.next_u64() % (1 << 20))?;
                Crash::with_dump(random, noise.slice(start..start + size))
            })
            .collect::<Result<_>>()?;
        Ok(Self { crashes })
    }

    /// The crashes, each under a new id of one day.
    ///
    /// # Errors
    /// None; the day is one.
    pub fn under_new_ids(&self, random: &mut Random) -> Result<Vec<(CrashId, Crash)>> {
        let ids = crashes::ids(random, self.crashes.len())?;
        Ok(ids.into_iter().zip(self.crashes.iter().cloned()).collect())
    }

    /// The bytes of all dumps.
    pub fn bytes(&self) -> usize {
        self.crashes.iter().map(|crash| crash.dump.len()).sum()
    }
}

/// The size of one dump: `DUMP * e^(SIGMA * z)` for a standard normal `z` by Box and Muller.
fn size(random: &mut Random) -> usize {
    let mut uniform = || (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    let radius = (-2.0 * (1.0 - uniform()).ln()).sqrt();
    let normal = radius * (std::f64::consts::TAU * uniform()).cos();
    let size = DUMP as f64 * (SIGMA * normal).exp();
    (size as usize).clamp(1, CAP)
}
