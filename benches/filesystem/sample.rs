//! Many callers, one measurement.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use socorro_benches::crashes::Crash;
use socorro_core::crash::CrashId;
use tokio::runtime::Runtime;

use crate::peers::{Peer, Peers};

/// What one peer did in one round.
pub(crate) struct Sample {
    /// Crashes a second.
    pub(crate) rate: f64,
    /// How long each save took, in milliseconds.
    pub(crate) millis: Vec<f64>,
}

/// Waits until what was written before is on the disk: a sample pays for its own writes alone.
pub(crate) fn settle(directory: &Path) -> Result<()> {
    let status = Command::new("sync").arg("-f").arg(directory).status()?;
    ensure!(status.success(), "cannot sync the file system: {status}");
    Ok(())
}

/// Saves the crash under all ids, shared out among the callers.
pub(crate) fn take(
    runtime: &Runtime,
    peers: &Peers,
    peer: Peer,
    crash: &Crash,
    ids: &[CrashId],
    callers: usize,
) -> Result<Sample> {
    let shares: Vec<Arc<[CrashId]>> = ids
        .chunks(ids.len().div_ceil(callers))
        .map(Into::into)
        .collect();
    let started = Instant::now();
    let took = match peer {
        Peer::HandWritten => threads(peers, crash, &shares)?,
        Peer::Ours => {
            let saver = peers.ours.saver();
            let save = move |id, crash: Arc<Crash>| {
                let saver = saver.clone();
                async move { saver.save(&id, &crash).await }
            };
            runtime.block_on(tasks(crash, &shares, save))?
        }
        Peer::ObjectStore => {
            let store = peers.object_store.clone();
            let save = move |id, crash: Arc<Crash>| {
                let store = store.clone();
                async move { store.save(&id, &crash).await }
            };
            runtime.block_on(tasks(crash, &shares, save))?
        }
        Peer::OpenDal => {
            let operator = peers.opendal.clone();
            let save = move |id, crash: Arc<Crash>| {
                let operator = operator.clone();
                async move { operator.save(&id, &crash).await }
            };
            runtime.block_on(tasks(crash, &shares, save))?
        }
    };
    Ok(Sample {
        rate: ids.len() as f64 / started.elapsed().as_secs_f64(),
        millis: took.iter().map(|took| took.as_secs_f64() * 1e3).collect(),
    })
}

/// A thread for each share.
fn threads(peers: &Peers, crash: &Crash, shares: &[Arc<[CrashId]>]) -> Result<Vec<Duration>> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = shares
            .iter()
            .map(|share| {
                scope.spawn(|| {
                    let save = |id| {
                        let started = Instant::now();
                        peers.hand_written.save(id, crash)?;
                        Ok(started.elapsed())
                    };
                    share.iter().map(save).collect::<Result<Vec<_>>>()
                })
            })
            .collect();
        let mut took = Vec::new();
        for thread in threads {
            took.extend(thread.join().map_err(|_| anyhow!("a caller panicked"))??);
        }
        Ok(took)
    })
}

/// A task for each share.
async fn tasks<S, F>(crash: &Crash, shares: &[Arc<[CrashId]>], save: S) -> Result<Vec<Duration>>
where
    S: Fn(CrashId, Arc<Crash>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<()>> + Send,
{
    let crash = Arc::new(crash.clone());
    let tasks: Vec<_> = shares
        .iter()
        .map(|share| {
            let (share, crash, save) = (Arc::clone(share), Arc::clone(&crash), save.clone());
            tokio::spawn(async move {
                let mut took = Vec::with_capacity(share.len());
                for id in share.iter() {
                    let started = Instant::now();
                    save(*id, Arc::clone(&crash)).await?;
                    took.push(started.elapsed());
                }
                Ok::<_, anyhow::Error>(took)
            })
        })
        .collect();
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await??);
    }
    Ok(took)
}
