//! Many callers, one measurement.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use socorro_core::crash::CrashId;

use crate::crashes::Crash;
use crate::machine;
use crate::servers::peer::Peer;

/// What the callers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Save each crash.
    Save,
    /// Read each crash back, and compare its size.
    Read,
    /// Take each crash away.
    Delete,
}

/// What one peer did in one round.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Crashes a second.
    pub rate: f64,
    /// Milliseconds of processor time of this process for each crash.
    pub cpu: f64,
    /// How long each took, in milliseconds.
    pub millis: Vec<f64>,
}

/// Has `callers` tasks do this work for all crashes; whoever is free takes the next, because they differ in size.
///
/// # Errors
/// The first of the peer, or when what was read is not what was saved.
pub async fn take(
    peer: &Arc<dyn Peer>,
    work: Work,
    crashes: &Arc<[(CrashId, Crash)]>,
    callers: usize,
) -> Result<Sample> {
    let next = Arc::new(AtomicUsize::new(0));
    let cpu = machine::cpu_millis()?;
    let started = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (peer, crashes, next) = (Arc::clone(peer), Arc::clone(crashes), Arc::clone(&next));
            tokio::spawn(async move {
                let mut millis = Vec::new();
                while let Some((id, crash)) = crashes.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let started = Instant::now();
                    one(&*peer, work, id, crash)
                        .await
                        .with_context(|| format!("{}: {work:?} {id}", peer.title()))?;
                    millis.push(started.elapsed().as_secs_f64() * 1e3);
                }
                Ok::<_, anyhow::Error>(millis)
            })
        })
        .collect();
    let mut millis = Vec::with_capacity(crashes.len());
    for task in tasks {
        millis.extend(task.await??);
    }
    let count = crashes.len() as f64;
    Ok(Sample {
        rate: count / started.elapsed().as_secs_f64(),
        cpu: (machine::cpu_millis()? - cpu) / count,
        millis,
    })
}

async fn one(peer: &dyn Peer, work: Work, id: &CrashId, crash: &Crash) -> Result<()> {
    match work {
        Work::Save => peer.save(id, crash).await,
        Work::Read => {
            let (read, saved) = (peer.read(id).await?, peer.size(crash));
            ensure!(read == saved, "{read} bytes came back of {saved}");
            Ok(())
        }
        Work::Delete => peer.delete(id).await,
    }
}
