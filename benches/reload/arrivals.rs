use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use socorro_benches::crashes::ids;
use socorro_benches::random::Random;
use socorro_core::crash::{CrashId, Dumps, RawCrash};
use socorro_core::live::StorageHandle;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

/// Operations a second.
pub(crate) const RATE: f64 = 1_000.0;

/// Latencies in microseconds, by storage.
pub(crate) type Latencies = Vec<Vec<f64>>;

/// Saves a crash to each storage in turn, at times of a Poisson process, for so long: each begins when it is due,
/// whatever became of those before it. What is measured is from then until it is saved and was read back.
pub(crate) async fn serve(
    handles: &[StorageHandle],
    random: &mut Random,
    crash: &RawCrash,
    lasts: Duration,
) -> Result<Latencies> {
    let mut due = 0.0;
    let mut times = Vec::new();
    while due < lasts.as_secs_f64() {
        times.push(Duration::from_secs_f64(due));
        // A number within (0, 1].
        let unit = (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        due -= (1.0 - unit).ln() / RATE;
    }
    let ids = ids(random, times.len())?;
    let latencies = vec![Vec::with_capacity(times.len()); handles.len()];
    let latencies = Arc::new(Mutex::new(latencies));
    let (handles, crash, runtime) = (handles.to_vec(), crash.clone(), Handle::current());
    let taken = Arc::clone(&latencies);
    // Timers of the runtime are a millisecond apart, those of a thread are not.
    let clock = thread::spawn(move || {
        let mut under_way = JoinSet::new();
        let started = Instant::now();
        for (number, (due, id)) in times.into_iter().zip(ids).enumerate() {
            let due = started + due;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let place = number % handles.len().max(1);
            let Some(handle) = handles.get(place).cloned() else {
                break;
            };
            let (crash, taken) = (crash.clone(), Arc::clone(&taken));
            under_way.spawn_on(
                async move {
                    operation(&handle, id, &crash).await?;
                    let took = due.elapsed().as_secs_f64() * 1e6;
                    note(&taken, place, took);
                    // What is stored stays little.
                    handle.delete(id).await.context("a delete failed")
                },
                &runtime,
            );
        }
        under_way
    });
    let clock = tokio::task::spawn_blocking(move || clock.join());
    let mut under_way = clock
        .await?
        .map_err(|_| anyhow::anyhow!("the load panicked"))?;
    while let Some(ended) = under_way.join_next().await {
        ended??;
    }
    let mut latencies = latencies.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(std::mem::take(&mut latencies))
}

fn note(latencies: &Mutex<Latencies>, place: usize, took: f64) {
    let mut latencies = latencies.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(latencies) = latencies.get_mut(place) {
        latencies.push(took);
    }
}

async fn operation(handle: &StorageHandle, id: CrashId, crash: &RawCrash) -> Result<()> {
    let dumps = Dumps::default();
    let saved = handle.save_raw_crash(&id, crash, &dumps).await;
    saved.context("a save failed")?;
    handle.get_raw_crash(id).await.context("a read failed")?;
    Ok(())
}
