//! Durable saves of a 3 kB document and a 150 kB dump to a disk: the loaded filesystem plugin beside a
//! hand-written loop and the two storage libraries a service would take instead.
//!
//! | file | idea |
//! |---|---|
//! | `peers` | who saves |
//! | `ours`, `handwritten`, `others` | how |
//! | `sample` | many callers, one measurement |
//! | `report` | what is printed |
#![allow(
    clippy::print_stdout,
    reason = "results go to whoever runs the benchmark"
)]

mod handwritten;
mod others;
mod ours;
mod peers;
mod report;
mod sample;

use anyhow::{Context, Result};
use socorro_benches::crashes::{Crash, ids};
use socorro_benches::options::Options;
use socorro_benches::random::Random;
use socorro_benches::rounds::interleave;
use socorro_benches::{libraries, machine};
use tokio::runtime::Runtime;

use crate::peers::{Peer, Peers};
use crate::report::Report;
use crate::sample::{Sample, settle};

/// Rounds unless the command line says otherwise.
const ROUNDS: usize = 9;
/// Callers at once, and the crashes they save together in one sample.
const LOADS: [(usize, usize); 3] = [(1, 50), (8, 160), (32, 256)];

fn main() -> Result<()> {
    let Some(options) = Options::from_args()? else {
        return Ok(());
    };
    let work = machine::work()?;
    machine::introduce("filesystem", &options, &work);
    let rounds = options.rounds.unwrap_or(ROUNDS);
    let plugins = libraries::directory()?;
    let runtime = Runtime::new()?;
    let mut random = Random::new(options.seed);
    let crash = Crash::new(&mut random)?;

    Peers::explain();
    println!("{rounds} rounds, peers interleaved, the disk at rest before each sample\n");
    let mut report = Report::new();
    for (callers, crashes) in LOADS {
        let directory = tempfile::Builder::new()
            .prefix("filesystem-")
            .tempdir_in(&work)?;
        let peers = runtime.block_on(Peers::open(directory.path(), &plugins))?;
        let mut measure = |peer| -> Result<Sample> {
            let ids = ids(&mut random, crashes)?;
            settle(directory.path())?;
            let peer = Peer::ALL.get(peer).context("no such peer")?;
            sample::take(&runtime, &peers, *peer, &crash, &ids, callers)
        };
        // Everyone makes directories and connections before the first round.
        interleave(Peer::ALL.len(), 1, &mut measure)?;
        report.add(callers, &interleave(Peer::ALL.len(), rounds, &mut measure)?);
        runtime.block_on(peers.close());
    }
    report.verdicts();
    Ok(())
}
