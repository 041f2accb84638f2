use std::fmt;
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
    /// How long after that crashes may be settled, which comes last.
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
    stage: watch::Sender<Stage>,
    closing: watch::Sender<Closing>,
}

#[derive(Clone, Copy, Debug)]
struct Closing {
    within: Duration,
    end: Option<Instant>,
}

/// How long an operation that was cancelled may take to let go.
const LET_GO: Duration = Duration::from_secs(1);

/// What the plugin host takes to destroy beyond the time that it is given.
const HOST: Duration = Duration::from_secs(1);

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
            Close::Destroy => left.saturating_sub(HOST),
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
            stage: watch::Sender::new(Stage::Closing),
            closing: watch::Sender::new(Closing { within, end: None }),
        }
    }

    /// How many operations are in it.
    pub(in crate::live) fn operations(&self) -> usize {
        self.held.upgrade().map_or(0, |held| held.operations())
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

    /// What came before the time for it was over, which may be brought forward meanwhile; or how long that was.
    pub(in crate::live) async fn within<T>(
        &self,
        closing: Close,
        clock: &dyn Clock,
        work: impl Future<Output = T>,
    ) -> Result<T, Duration> {
        let began = clock.now();
        let mut changes = self.closing.subscribe();
        let mut work = std::pin::pin!(work);
        loop {
            let left = changes.borrow_and_update().time_left(closing, clock);
            let left = match closing {
                Close::Flush => left,
                Close::Destroy => left + HOST,
            };
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                Ok(()) = changes.changed() => {}
                () = clock.sleep(left) => return Err(clock.now().saturating_duration_since(began)),
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
            drop(instance.take());
        }
        drop(instance);
        if let Some(held) = self.held.upgrade() {
            held.give_up_idle();
        }
        tokio::select! {
            biased;
            () = self.retired() => return,
            () = self.given_up(clock) => {}
        }
        if let Some(held) = self.held.upgrade() {
            held.give_up();
        }
    }

    /// Waits until what was cancelled last, settling, has had its time to let go.
    async fn given_up(&self, clock: &dyn Clock) {
        self.settling.expired(clock).await;
        clock.sleep(LET_GO).await;
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
    fn operations(&self) -> usize {
        0
    }

    fn give_up_idle(&self) {}

    fn give_up(&self) {}
}
