//! How long it takes, for one caller and for many.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use socorro_benches::rounds::interleave;
use tokio::runtime::Runtime;

use crate::peers::{Peer, Peers};
use crate::work::{Doer, Fixture, Work};

/// One sample takes about so long: many operations, and still many rounds in a minute.
const SAMPLE: Duration = Duration::from_millis(60);

/// Nanoseconds an operation: for each of [`Peer::ALL`], a sample a round.
pub(crate) fn measure(
    host: &Runtime,
    peers: &Peers,
    work: Work,
    fixture: &Arc<Fixture>,
    callers: usize,
    rounds: usize,
) -> Result<Vec<Vec<f64>>> {
    let doers = Peer::ALL.map(|peer| Doer::new(peers, work, peer, fixture));
    let mut times = Vec::new();
    for doer in &doers {
        times.push(host.block_on(enough(doer, callers))?);
    }
    interleave(doers.len(), rounds, |peer| {
        let doer = doers.get(peer).context("no such peer")?;
        let times = times.get(peer).copied().context("no such peer")?;
        let took = host.block_on(sample(doer, callers, times))?;
        Ok(took.as_secs_f64() * 1e9 / (times * callers) as f64)
    })
}

/// How many operations of each caller fill a sample. Also warms up.
async fn enough(doer: &Doer, callers: usize) -> Result<usize> {
    let mut times = 16;
    loop {
        let took = sample(doer, callers, times).await?;
        if took >= SAMPLE / 4 {
            let fill = SAMPLE.as_secs_f64() / took.as_secs_f64();
            return Ok(((times as f64 * fill) as usize).max(1));
        }
        times *= 4;
    }
}

async fn sample(doer: &Doer, callers: usize, times: usize) -> Result<Duration> {
    let started = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| tokio::spawn(doer.clone().run(times)))
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(started.elapsed())
}
