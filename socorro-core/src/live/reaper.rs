//! Ends instances that nothing uses any more, off everybody's path.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::leaving::{Close, Departure, Departures, Stage};
use super::retire::{Retire, Retired, Retiree};
use crate::context::Context;
use crate::options::HumanDuration;
use crate::plugin::host::Destroyed;
use crate::step::{Failpoints, Step, Steps};
use crate::transaction::Clock;

/// Flushes and destroys instances as they retire, each in a task of its own, so that one that hangs keeps
/// nothing else from ending.
#[derive(Debug)]
pub(crate) struct Reaper {
    retired: Retired,
    departures: Arc<Departures>,
}

/// How long flushing may take, and destroying as much again, where no configuration says it: of what was opened
/// and never served.
const UNANNOUNCED: Duration = Duration::from_secs(30);

impl Reaper {
    /// Starts on the current tokio runtime.
    pub(crate) fn start(clock: Arc<dyn Clock>, failpoints: Failpoints) -> Self {
        let (retirees, mut arrivals) = mpsc::unbounded_channel::<Retiree>();
        let departures = Departures::new(clock, failpoints);
        let informed = departures.clone();
        tokio::spawn(async move {
            while let Some(retiree) = arrivals.recv().await {
                tokio::spawn(end(retiree, informed.clone()));
            }
        });
        let retired = Retired {
            retirees,
            open: TaskTracker::new(),
        };
        Self {
            retired,
            departures,
        }
    }

    /// Where instances go.
    pub(crate) fn retired(&self) -> Retired {
        self.retired.clone()
    }

    /// Everything that leaves.
    pub(super) fn departures(&self) -> &Arc<Departures> {
        &self.departures
    }

    /// Waits until everything that was opened has ended or was given up, at most until `deadline` on the clock;
    /// tells whether it has.
    pub(crate) async fn finish(self, deadline: Instant) -> bool {
        self.retired.open.close();
        let clock = self.departures.clock();
        within(
            clock,
            deadline.saturating_duration_since(clock.now()),
            async {
                self.retired.open.wait().await;
            },
        )
        .await
        .is_some()
    }
}

/// What came before `time` was over.
pub(super) async fn within<T>(
    clock: &dyn Clock,
    time: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    tokio::select! {
        biased;
        done = work => Some(done),
        () = clock.sleep(time) => None,
    }
}

/// Flushes and destroys, steps 6 and 7 of [the end](super::leaving).
async fn end(retiree: Retiree, departures: Arc<Departures>) {
    let Retiree {
        part,
        open,
        claim,
        departure,
        operations,
        token,
    } = retiree;
    let departure = departure.unwrap_or_else(|| departures.unannounced(part, UNANNOUNCED));
    departures.advance(&departure, Stage::Closing);
    let mut wrong = Vec::new();
    if operations > 0 {
        wrong.push(format!(
            "{operations} of its operations had not ended when they were cancelled at the drain deadline"
        ));
    }
    let steps = departures.steps();
    let flushed = flush(&*open, &departure, departures.clock(), &steps).await;
    let mut step = match flushed {
        Ok(()) => Step::Drain,
        Err(_) => Step::Close,
    };
    wrong.extend(flushed.err());
    let destroyed = destroy(&open, &departure, departures.clock()).await;
    let is_gone = destroyed.is_ok();
    if !is_gone {
        step = Step::Close;
    }
    wrong.extend(destroyed.err());
    if !is_gone {
        departures.advance(&departure, Stage::LeftBehind);
    } else if let Some(claim) = &claim {
        claim.release();
    }
    if !wrong.is_empty() {
        departures.report(&departure, step, operations, wrong.join("; "));
    }
    // Nobody waits any longer for what was given up.
    drop(token);
    if !is_gone {
        // Until then it holds what it has for itself.
        open.gone().await;
        if let Some(claim) = claim {
            claim.release();
        }
        tracing::info!(part = %departure.part, generation = departure.generation,
            "an instance that had been left behind has ended");
    }
    departures.ended(&departure);
}

async fn flush(
    open: &dyn Retire,
    departure: &Departure,
    clock: &dyn Clock,
    steps: &Steps,
) -> Result<(), String> {
    let cx = Context::new().with_timeout(departure.time_to(Close::Flush, clock));
    let flush = steps.take_async(Step::Close, open.flush(&cx));
    let flush = AssertUnwindSafe(flush).catch_unwind();
    match departure.within(Close::Flush, clock, flush).await {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(Ok(Err(error))) => Err(format!("it could not flush: {error}")),
        Ok(Err(panic)) => {
            // The payload is not looked into: dropping it may panic again.
            std::mem::forget(panic);
            Err("its flush panicked; the panic hook has the message".to_owned())
        }
        Err(time) => Err(format!("it did not flush within {}", HumanDuration(time))),
    }
}

/// What is left of it, if anything.
async fn destroy(
    open: &Arc<dyn Retire>,
    departure: &Departure,
    clock: &dyn Clock,
) -> Result<(), String> {
    let time = departure.time_to(Close::Destroy, clock);
    let destroy = AssertUnwindSafe(open.clone().destroy(time)).catch_unwind();
    let late = |time| {
        Err(format!(
            "it was not destroyed within {}",
            HumanDuration(time)
        ))
    };
    match departure.within(Close::Destroy, clock, destroy).await {
        Ok(Ok(Destroyed::Clean)) => Ok(()),
        Ok(Ok(Destroyed::Leaked)) => {
            Err("something of it still runs after it was destroyed".to_owned())
        }
        Ok(Ok(Destroyed::TimedOut)) => late(time),
        Ok(Err(panic)) => {
            std::mem::forget(panic);
            Err("its destroy panicked; the panic hook has the message".to_owned())
        }
        Err(time) => late(time),
    }
}
