use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::sync::{Mutex, oneshot};

use super::old::{Old, take};
use super::{ClaimId, Parking};
use crate::config::ReloadConfig;
use crate::error::Error;
use crate::live::environment::Environment;
use crate::live::leaving::Terms;
use crate::live::open::{self, Opened};
use crate::live::plan::Part;
use crate::live::reason::Reason;
use crate::live::wanted::WantedInstance;
use crate::plugin::host::OpenOptions;
use crate::step::Steps;

/// One exchange at a time: the next one finds every part in service.
pub(in crate::live) type Turns = Arc<Mutex<()>>;

/// What is to be exchanged.
pub(in crate::live) struct Order {
    /// The instances that have to end first.
    pub(in crate::live) old: Vec<Opened>,
    /// What is open already, and gets its first operation when they have.
    pub(in crate::live) ready: OpenedLate,
    /// What is opened when they have.
    pub(in crate::live) new: Vec<WantedInstance>,
    pub(in crate::live) open: OpenOptions,
    /// The record of the attempt.
    pub(in crate::live) steps: Steps,
    /// The generation that comes after it, and how long flushing may take, and destroying as much again.
    pub(in crate::live) generation: u64,
    pub(in crate::live) close: Duration,
    pub(in crate::live) reload: ReloadConfig,
}

/// What was opened.
pub(in crate::live) type OpenedLate = HashMap<Part, Opened>;

/// The old instances have ended and the new ones are open. Dropping it goes back.
pub(in crate::live) struct Exchanged {
    parkings: Vec<Arc<Parking>>,
    committed: oneshot::Sender<()>,
}

impl Exchanged {
    /// The new generation is the current one: lets whoever waits go on in it.
    pub(in crate::live) fn committed(self) {
        // Nobody listens only when the program's runtime is ending.
        let _ = self.committed.send(());
        for parking in self.parkings {
            parking.release();
        }
    }
}

/// When what has to be over.
struct Schedule {
    /// Operations on what is old.
    drained: Instant,
    /// Crashes that old sources handed out.
    settled: Instant,
    /// Whatever is old has ended.
    closed: Instant,
    /// The way back, and whoever waits.
    parked: Instant,
    /// What there is of time for the way back at least, however late it begins.
    back: Duration,
}

impl Schedule {
    fn new(now: Instant, reload: &ReloadConfig) -> Self {
        let whole = reload.park_timeout;
        let drained = reload.drain_timeout.min(whole / 4);
        Self {
            drained: now + drained,
            settled: now + drained + whole / 8,
            closed: now + whole / 2,
            parked: now + whole,
            back: whole / 4,
        }
    }

    /// When the way back that begins `now` has to be over.
    fn back_by(&self, now: Instant) -> Instant {
        self.parked.max(now + self.back)
    }
}

/// Carries out the exchange, in a task of its own that goes back when this future, or what comes of it, is dropped.
///
/// Every reason why it failed; everything is then as it was, as far as the reasons do not say otherwise.
pub(in crate::live) async fn exchange(
    environment: &Arc<Environment>,
    order: Order,
) -> Result<(OpenedLate, Exchanged), Vec<Reason>> {
    let (reply, outcome) = oneshot::channel();
    let task = carry_out(environment.clone(), order, reply);
    tokio::spawn(task);
    outcome
        .await
        .unwrap_or_else(|_| Err(vec!["the exchange ended without an outcome".into()]))
}

type Reply = oneshot::Sender<Result<(OpenedLate, Exchanged), Vec<Reason>>>;

async fn carry_out(environment: Arc<Environment>, mut order: Order, mut reply: Reply) {
    let _turn = environment.exchanges.lock().await;
    if reply.is_closed() {
        return;
    }
    let schedule = Schedule::new(environment.clock.now(), &order.reload);
    let terms = Terms {
        generation: order.generation,
        drained: schedule.drained,
        grace: schedule.settled.saturating_duration_since(schedule.drained),
        close: order.close,
        end: None,
    };
    let old: Vec<Box<dyn Old>> = order
        .old
        .iter()
        .filter_map(|old| match old {
            Opened::Storage(old) => take(&environment, old, terms, schedule.parked),
            Opened::Source(old) => take(&environment, old, terms, schedule.parked),
        })
        .collect();
    // Opening bounds itself, and is not cut short: what is half open holds what nobody sees.
    order.open.timeout = order.open.timeout.min(order.reload.park_timeout / 4);
    let closed = tokio::select! {
        biased;
        () = reply.closed() => Err(Vec::new()),
        () = close(&environment, &old, &schedule) => Ok(()),
        () = until(&environment, schedule.closed) => Err(vec![late(&environment, &old, &order).into()]),
    };
    let ready = std::mem::take(&mut order.ready);
    let outcome = match closed {
        Ok(()) => {
            let opened = AssertUnwindSafe(open_all(&environment, &order, ready)).catch_unwind();
            opened.await.unwrap_or_else(|panic| {
                // The payload is not looked into: dropping it may panic again.
                std::mem::forget(panic);
                Err(vec![
                    "the exchange panicked; the panic hook has its message".into(),
                ])
            })
        }
        Err(reasons) => {
            drop(ready);
            Err(reasons)
        }
    };
    let mut reasons = match outcome {
        Ok(opened) => {
            let (committed, verdict) = oneshot::channel();
            let parkings = old.iter().map(|old| old.parking().clone()).collect();
            let exchanged = Exchanged {
                parkings,
                committed,
            };
            // Whoever gave up the attempt meanwhile drops what is sent.
            let _ = reply.send(Ok((opened, exchanged)));
            if verdict.await.is_ok() {
                return;
            }
            back(&environment, &old, &schedule).await;
            return;
        }
        Err(reasons) => reasons,
    };
    reasons.extend(back(&environment, &old, &schedule).await);
    // Nobody listens when the attempt was given up; the log has it then.
    let _ = reply.send(Err(reasons));
}

/// Steps 2 and 3.
async fn close(environment: &Environment, old: &[Box<dyn Old>], schedule: &Schedule) {
    for old in old {
        old.drain(schedule.drained, schedule.settled);
    }
    let claims: Vec<ClaimId> = old.iter().map(|old| old.claim()).collect();
    tokio::select! {
        biased;
        () = environment.holders.released(&claims) => return,
        () = until(environment, schedule.drained) => {}
    }
    for old in old {
        old.evict();
    }
    environment.holders.released(&claims).await;
}

/// Step 4.
async fn open_all(
    environment: &Environment,
    order: &Order,
    mut opened: OpenedLate,
) -> Result<OpenedLate, Vec<Reason>> {
    let opening = order
        .new
        .iter()
        .map(|instance| open::open(environment, &order.open, instance, &order.steps));
    let mut errors = Vec::new();
    for (instance, outcome) in order.new.iter().zip(join_all(opening).await) {
        match outcome {
            Ok(open) => {
                opened.insert(instance.part(), open);
            }
            Err(error) => errors.push(refused(instance.part(), error)),
        }
    }
    let working = opened
        .values()
        .map(|opened| opened.alone(order.open.timeout));
    let alone: crate::error::Result<Vec<()>> = join_all(working).await.into_iter().collect();
    if let (Err(error), true) = (alone, errors.is_empty()) {
        errors.push(Reason::Other(error.to_string()));
    }
    if errors.is_empty() {
        Ok(opened)
    } else {
        Err(errors)
    }
}

fn refused(part: Part, error: Error) -> Reason {
    Reason::Backend { part, error }
}

/// Puts everything back; tells what could not be.
async fn back(environment: &Environment, old: &[Box<dyn Old>], schedule: &Schedule) -> Vec<Reason> {
    let deadline = schedule.back_by(environment.clock.now());
    let all = old.iter().map(|old| async move {
        let back = AssertUnwindSafe(old.back(environment, deadline)).catch_unwind();
        let error = match back.await {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => format!("could not be opened again, and is tried until it can: {error}"),
            Err(panic) => {
                std::mem::forget(panic);
                old.parking().release();
                "could not be opened again: that panicked, and the panic hook has its message; restart".to_owned()
            }
        };
        Some(format!("{}: {error}", old.part()).into())
    });
    join_all(all).await.into_iter().flatten().collect()
}

/// What takes so long.
fn late(environment: &Environment, old: &[Box<dyn Old>], order: &Order) -> String {
    let half = order.reload.park_timeout / 2;
    let claims: Vec<ClaimId> = old.iter().map(|old| old.claim()).collect();
    let left = environment.holders.left(&claims);
    let left: Vec<String> = left.iter().map(Part::to_string).collect();
    format!(
        "{} had not ended after {half:.0?}, half of reload.park_timeout: something still holds it, such as a \
         pinned handle, or its end hangs",
        left.join(", ")
    )
}

async fn until(environment: &Environment, moment: Instant) {
    let clock = &environment.clock;
    let left: Duration = moment.saturating_duration_since(clock.now());
    clock.sleep(left).await;
}
