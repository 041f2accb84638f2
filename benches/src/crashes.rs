//! Made crashes.

use anyhow::{Context, Result};
use socorro_core::Bytes;
use socorro_core::crash::{CrashDate, CrashId, Limits, RawCrash};

use crate::random::Random;

/// Bytes of a raw crash: that of a typical report.
pub const RAW: usize = 3_000;
/// Bytes of a dump: the mean that collectors of Socorro's kind report.
pub const DUMP: usize = 150_000;

/// A JSON document and a dump, to be saved under many ids.
#[derive(Clone, Debug)]
pub struct Crash {
    /// 3 kB.
    pub raw: RawCrash,
    /// What nothing can compress.
    pub dump: Bytes,
}

impl Crash {
    /// The crash of this seed.
    ///
    /// # Errors
    /// None; the document is one.
    pub fn new(random: &mut Random) -> Result<Self> {
        let dump = random.bytes(DUMP).into();
        Self::with_dump(random, dump)
    }

    /// A crash with this dump.
    ///
    /// # Errors
    /// None; the document is one.
    pub fn with_dump(random: &mut Random, dump: Bytes) -> Result<Self> {
        let mut json = String::from("{\"ProductName\":\"Benchmark\"");
        for field in 0.. {
            let more = format!(",\"field{field}\":\"{:016x}\"", random.next_u64());
            if json.len() + more.len() >= RAW {
                break;
            }
            json.push_str(&more);
        }
        json.push('}');
        Ok(Self {
            raw: RawCrash::new(json, &Limits::default())?,
            dump,
        })
    }
}

/// So many new ids, all of one day, as a day's crashes are.
///
/// # Errors
/// None; the day is one.
pub fn ids(random: &mut Random, count: usize) -> Result<Vec<CrashId>> {
    let day = CrashDate::new(2026, 8, 20).context("a day")?;
    let entropy =
        |random: &mut Random| u128::from(random.next_u64()) << 64 | u128::from(random.next_u64());
    Ok((0..count)
        .map(|_| CrashId::new(day, entropy(random).to_le_bytes()))
        .collect())
}
