//! One pipeline: takes from its source what there is room for and sees each crash through.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Pipelines;
use super::deliver::Delivery;
use super::transform::Transform;
use crate::config::PipelineConfig;
use crate::error::{Applied, Error, ErrorKind, Result};
use crate::live::{Generation, LiveSource, Pin, Shared, SourceEntry};
use crate::source::{NewCrash, Receive};
use crate::telemetry;
use crate::transaction::{Call, Drain, run};

/// How long a source may wait for the first new crash before it is asked again.
const WAIT: Duration = Duration::from_secs(1);

/// What one pipeline needs for its life.
pub(super) struct Runner {
    pub(super) name: String,
    pub(super) config: PipelineConfig,
    pub(super) source: Arc<SourceEntry>,
    pub(super) shared: Arc<Shared>,
    pub(super) transform: Option<Arc<dyn Transform>>,
    pub(super) mode: Pipelines,
    /// Take nothing new; see through what is under way.
    pub(super) stop: CancellationToken,
    /// Bounds what is under way when a reload takes the pipeline away.
    pub(super) drain: Drain,
}

/// Why a runner ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It was stopped, or found that a reload changed the pipeline.
    Superseded,
    /// The source is drained.
    Drained,
}

impl Runner {
    /// Runs until stopped, superseded, or drained, and sees through what is under way.
    ///
    /// Fails when the source fails for good; one that is away for a time is asked again, except in
    /// [`Pipelines::Once`], which also fails when a crash could not be delivered.
    pub(super) async fn run(self) -> Result<End> {
        let this = Arc::new(self);
        let room = Arc::new(Semaphore::new(this.config.concurrency));
        let under_way = TaskTracker::new();
        let nacked = Arc::new(AtomicU64::new(0));
        let outcome = loop {
            let permits = tokio::select! {
                biased;
                () = this.stop.cancelled() => break Ok(End::Superseded),
                permits = take(&room) => permits,
            };
            let received = tokio::select! {
                biased;
                () = this.stop.cancelled() => break Ok(End::Superseded),
                received = this.receive(permits.len()) => received,
            };
            let crashes = match received {
                Ok(crashes) => crashes,
                // What a reload took away may fail for that reason, and is no failure of the pipeline.
                Err(error) if !this.is_current(&this.shared.pin()) => {
                    tracing::debug!(pipeline = this.name, %error, "superseded");
                    break Ok(End::Superseded);
                }
                Err(error) => break Err(error),
            };
            if crashes.is_empty() && this.mode == Pipelines::Once {
                drop(permits);
                if under_way.is_empty() {
                    break Ok(End::Drained);
                }
                // What is under way may be given back and then is there again.
                under_way.close();
                under_way.wait().await;
                under_way.reopen();
                continue;
            }
            let generation = this.shared.pin();
            if !crashes.is_empty() && !this.is_current(&generation) {
                // A reload came while the source was waiting. These crashes are dropped and so given back;
                // whoever runs the pipeline of the new generation takes them.
                break Ok(End::Superseded);
            }
            for (crash, permit) in crashes.into_iter().zip(permits) {
                under_way.spawn(this.clone().see_through(
                    crash,
                    generation.clone(),
                    permit,
                    nacked.clone(),
                ));
            }
        };
        under_way.close();
        under_way.wait().await;
        let end =
            outcome.map_err(|error| error.in_operation(&format!("pipeline.{}", this.name)))?;
        match nacked.load(Ordering::Relaxed) {
            failed if failed > 0 && this.mode == Pipelines::Once => Err(Error::new(
                ErrorKind::Unavailable,
                format!(
                    "pipeline.{}: {failed} crashes could not be delivered; they stay in the source",
                    this.name
                ),
            )),
            _ => Ok(end),
        }
    }

    /// Is this runner what the generation asks for? Storages may have been exchanged under it.
    fn is_current(&self, generation: &Generation) -> bool {
        generation.pipelines().get(&self.name) == Some(&self.config)
            && generation
                .source(&self.config.source)
                .is_ok_and(|source| source.is_same(&self.source))
    }

    /// Receives from what is in service. While nothing is, because the source is being exchanged, it waits.
    async fn receive(&self, room: usize) -> Result<Vec<NewCrash>> {
        let Some(max) = NonZeroUsize::new(room) else {
            return Ok(Vec::new());
        };
        loop {
            let live = self.source.instance().in_service().await;
            tokio::select! {
                biased;
                // Dropping the receive cancels it, and gives back what it took.
                () = live.out() => {}
                received = self.receive_from(&live, max) => return received,
            }
        }
    }

    async fn receive_from(
        &self,
        live: &Arc<LiveSource>,
        max: NonZeroUsize,
    ) -> Result<Vec<NewCrash>> {
        if self.mode == Pipelines::Once {
            let wait = Duration::ZERO;
            return NewCrash::receive(&self.source, live, Receive { max, wait }).await;
        }
        // A broker that restarts must not end the program: what passes is waited for.
        let call = Call {
            operation: "receive",
            deadline: None,
            drain: Some(self.source.drain()),
        };
        run(self.source.patience(), &call, |_| {
            NewCrash::receive(&self.source, live, Receive { max, wait: WAIT })
        })
        .await
    }

    /// Holds all that the delivery of `crash` uses. Waits while a reload exchanges some of it, and gives up
    /// when that takes the crash's source too, leads to another pipeline, or does not bring it back.
    async fn hold(&self, crash: &NewCrash, mut generation: Arc<Generation>) -> Option<Pin> {
        let names = || self.config.to.iter().chain([&self.config.from]);
        let mut waited = None;
        loop {
            let out = match Pin::new(generation.clone()).hold(names().map(String::as_str)) {
                Ok(pin) => return Some(pin),
                Err(out) => out,
            };
            tokio::select! {
                biased;
                () = crash.recalled() => return None,
                () = out.released() => {}
            }
            let next = self.shared.pin();
            let again = Arc::ptr_eq(&next, &generation) && out.is_same(waited.as_ref());
            if again || !self.is_current(&next) {
                return None;
            }
            (generation, waited) = (next, out.parking);
        }
    }

    /// Waits until what is under way has to be given up: at the drain deadline of its source or of the pipeline.
    async fn cut_off(&self) -> Error {
        let clock = self.source.executor().clock();
        tokio::select! {
            () = self.source.drain().expired(clock) => {}
            () = self.drain.expired(clock) => {}
        }
        Error::new(
            ErrorKind::Cancelled,
            "the drain deadline of a replaced configuration ended its delivery; it is delivered anew",
        )
        .with_applied(Applied::Unknown)
    }

    async fn see_through(
        self: Arc<Self>,
        crash: NewCrash,
        generation: Arc<Generation>,
        permit: OwnedSemaphorePermit,
        nacked: Arc<AtomicU64>,
    ) {
        let id = crash.id().clone();
        let Some(pin) = self.hold(&crash, generation).await else {
            tracing::info!(pipeline = self.name, %id, "given back: a reload came");
            return;
        };
        let number = pin.generation().number();
        let delivery = Delivery::new(&self.config, pin);
        let delivered = tokio::select! {
            biased;
            delivered = delivery.run(&id, self.transform.as_deref()) => delivered,
            cut_off = self.cut_off() => Err(cut_off),
        };
        let settled = match delivered {
            Ok(()) => {
                let settled = crash.ack().await;
                if settled.is_ok() {
                    telemetry::crash(&self.name, "delivered");
                    tracing::debug!(pipeline = self.name, %id, generation = number, "delivered");
                }
                settled
            }
            // Dropping the crash gives it back: nobody tried to the end.
            Err(error) if error.kind() == ErrorKind::Cancelled => {
                telemetry::crash(&self.name, "given_back");
                tracing::info!(pipeline = self.name, %id, %error, "given back");
                Ok(())
            }
            Err(error) => {
                nacked.fetch_add(1, Ordering::Relaxed);
                telemetry::crash(&self.name, "not_delivered");
                tracing::error!(pipeline = self.name, %id, %error, "not delivered; it stays in {}", self.config.from);
                crash.nack(error.to_string()).await
            }
        };
        if let Err(error) = settled {
            tracing::warn!(pipeline = self.name, %id, %error, "could not be settled; its source hands it out again");
        }
        drop(permit);
    }
}

/// Waits for room for one crash and takes all there is.
async fn take(room: &Arc<Semaphore>) -> Vec<OwnedSemaphorePermit> {
    let mut permits = Vec::new();
    // Never closed, so an error cannot happen; then there is no room.
    permits.extend(room.clone().acquire_owned().await);
    while let Ok(permit) = room.clone().try_acquire_owned() {
        permits.push(permit);
    }
    permits
}
