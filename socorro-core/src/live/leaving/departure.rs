use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

use super::{Leaving, Stage};
use crate::live::in_service::{Held, Live};
use crate::live::instance::Instance;
use crate::live::plan::Part;
use crate::transaction::{Clock, Drain};

/// How an instance leaves. Moments are on the clock of the executors.
#[derive(Clone, Copy, Debug)]
pub(in crate::live) struct Terms {
    /// The generation that ends it.
    pub(in crate::live) generation: u64,
    /// When its operations are cancelled.
    pub(in crate::live) drained: Instant,
    /// How long after that what was cancelled may take to let go, and crashes to be settled.
    pub(in crate::live) grace: Duration,
    /// How long flushing may take, and destroying as much again.
    pub(in crate::live) close: Duration,
    /// When all of it has to be over, if that is said.
    pub(in crate::live) end: Option<Instant>,
}

/// One instance that leaves.
pub(in crate::live) struct Departure {
    pub(in crate::live) part: Part,
    pub(in crate::live) generation: u64,
    pub(in crate::live) since: SystemTime,
    drain: Drain,
    settling: Drain,
    held: Weak<dyn Held>,
    /// Whether its instance still holds it, which is no operation.
    in_slot: AtomicBool,
    stage: watch::Sender<Stage>,
    closing: watch::Sender<Closing>,
}

#[derive(Clone, Copy, Debug)]
struct Closing {
    within: Duration,
    end: Option<Instant>,
}

/// What closing consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::live) enum Close {
    Flush,
    Destroy,
}

impl Closing {
    fn time_left(&self, closing: Close, clock: &dyn Clock) -> Duration {
        let Some(end) = self.end else {
            return self.within;
        };
        let left = end.saturating_duration_since(clock.now());
        let left = match closing {
            Close::Flush => left / 2,
            Close::Destroy => left,
        };
        left.min(self.within)
    }
}

impl Departure {
    /// `live` of `instance` leaves.
    pub(super) fn new<T>(instance: &Instance<T>, live: &Arc<Live<T>>, terms: Terms) -> Self
    where
        T: ?Sized + Send + Sync + 'static,
    {
        let held: Weak<Live<T>> = Arc::downgrade(live);
        Self {
            part: instance.part.clone(),
            generation: terms.generation,
            since: SystemTime::now(),
            drain: instance.drain.clone(),
            settling: instance.settling.clone(),
            held,
            in_slot: AtomicBool::new(!live.is_out()),
            stage: watch::Sender::new(Stage::Draining),
            closing: watch::Sender::new(Closing {
                within: terms.close,
                end: terms.end,
            }),
        }
    }

    /// What was opened and never served is ended.
    pub(super) fn unannounced(part: Part, within: Duration) -> Self {
        let nobody: Weak<Nobody> = Weak::new();
        Self {
            part,
            generation: 0,
            since: SystemTime::now(),
            drain: Drain::new(),
            settling: Drain::new(),
            held: nobody,
            in_slot: AtomicBool::new(false),
            stage: watch::Sender::new(Stage::Closing),
            closing: watch::Sender::new(Closing { within, end: None }),
        }
    }

    /// How many operations are in it.
    pub(in crate::live) fn operations(&self) -> usize {
        let in_slot = usize::from(self.in_slot.load(Ordering::Acquire));
        self.held.strong_count().saturating_sub(in_slot)
    }

    pub(in crate::live) fn stage(&self) -> Stage {
        *self.stage.borrow()
    }

    pub(super) fn set_stage(&self, stage: Stage) {
        self.stage.send_replace(stage);
    }

    pub(super) fn describe(&self) -> Leaving {
        Leaving {
            part: self.part.clone(),
            generation: self.generation,
            operations: self.operations(),
            since: self.since,
            stage: self.stage(),
        }
    }

    /// How long flushing may take from now on, or destroying. Of what is left until the end, flushing leaves half
    /// to destroying.
    pub(in crate::live) fn time_to(&self, closing: Close, clock: &dyn Clock) -> Duration {
        self.closing.borrow().time_left(closing, clock)
    }

    /// What came before the time for it was over, which may be brought forward meanwhile.
    pub(in crate::live) async fn within<T>(
        &self,
        closing: Close,
        clock: &dyn Clock,
        extra: Duration,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let mut changes = self.closing.subscribe();
        let mut work = std::pin::pin!(work);
        loop {
            let left = changes.borrow_and_update().time_left(closing, clock);
            tokio::select! {
                biased;
                done = &mut work => return Some(done),
                Ok(()) = changes.changed() => {}
                () = clock.sleep(left + extra) => return None,
            }
        }
    }

    /// Brings its deadlines forward to these; later ones change nothing.
    pub(super) fn hasten(&self, terms: Terms) {
        self.drain.start(terms.drained);
        self.settling.start(terms.drained + terms.grace);
        self.closing.send_modify(|closing| {
            closing.end = match (closing.end, terms.end) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        });
    }

    /// Steps 2 to 5 of [the end](super): returns when it has retired.
    pub(super) async fn see_off<T>(&self, instance: Weak<Instance<T>>, clock: &dyn Clock)
    where
        T: ?Sized + Send + Sync + 'static,
    {
        tokio::select! {
            biased;
            () = self.retired() => return,
            () = self.drain.expired(clock) => {}
        }
        if let Some(instance) = instance.upgrade() {
            self.taken_from(&instance);
        }
        drop(instance);
        tokio::select! {
            biased;
            () = self.retired() => return,
            () = self.settling.expired(clock) => {}
        }
        let left = self.operations();
        if let Some(held) = self.held.upgrade() {
            held.give_up(left);
        }
    }

    /// It is out of service.
    pub(super) fn taken_from<T: ?Sized>(&self, instance: &Instance<T>) {
        let live = instance.take();
        self.in_slot.store(false, Ordering::Release);
        drop(live);
    }

    /// Waits until it is being closed, or has ended.
    async fn retired(&self) {
        let mut stage = self.stage.subscribe();
        // Cannot fail: the sender is ours.
        let _ = stage.wait_for(|stage| *stage != Stage::Draining).await;
    }
}

impl fmt::Debug for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Departure({:?})", self.describe())
    }
}

/// Of what never served.
struct Nobody;

impl Held for Nobody {
    fn give_up(&self, _: usize) {}
}
