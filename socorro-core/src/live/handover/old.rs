//! One old instance on its way out of service, and back.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use super::{ClaimId, Parking};
use crate::error::{Error, ErrorKind, Result};
use crate::live::environment::Environment;
use crate::live::instance::{Instance, Openable};
use crate::live::leaving::{Departure, Terms};
use crate::live::opening::Opening;
use crate::live::plan::Part;

/// An old instance, storage or source.
#[async_trait]
pub(super) trait Old: Send + Sync {
    /// Which part of the configuration it is.
    fn part(&self) -> &Part;
    /// What it holds until it has ended.
    fn claim(&self) -> ClaimId;
    /// Where its operations wait.
    fn parking(&self) -> &Arc<Parking>;
    /// Cuts waits short, cancels what is left at `deadline`, and what settles crashes at `settled`.
    fn drain(&self, deadline: Instant, settled: Instant);
    /// Whatever still holds it has to let go.
    fn evict(&self);
    /// Puts it, or the like of it, back into service by `deadline`, and lets whoever waits go on.
    ///
    /// Why it could not be opened again; something that tries on and on is then in its place.
    async fn back(&self, environment: &Environment, deadline: Instant) -> Result<()>;
}

struct Taken<T: ?Sized> {
    instance: Arc<Instance<T>>,
    opening: Opening,
    claim: ClaimId,
    parking: Arc<Parking>,
    departure: Arc<Departure>,
}

/// Takes `instance` out of service until `deadline`; none for one that needs nothing for itself, or that is not in
/// service.
pub(super) fn take<T: Openable + ?Sized + 'static>(
    environment: &Environment,
    instance: &Arc<Instance<T>>,
    terms: Terms,
    deadline: Instant,
) -> Option<Box<dyn Old>> {
    let live = instance.live().ok()?;
    let claim = live.claim()?.id();
    let opening = instance.opening.clone()?;
    let clock = environment.clock.clone();
    let parking = Parking::new(
        opening.part.clone(),
        instance.capabilities(),
        deadline,
        clock,
    );
    let departure = environment.departures.announce(instance, &live, terms);
    drop(live);
    instance.slot.take(&parking);
    let instance = instance.clone();
    Some(Box::new(Taken {
        instance,
        opening,
        claim,
        parking,
        departure,
    }))
}

#[async_trait]
impl<T: Openable + ?Sized + 'static> Old for Taken<T> {
    fn part(&self) -> &Part {
        &self.opening.part
    }

    fn claim(&self) -> ClaimId {
        self.claim
    }

    fn parking(&self) -> &Arc<Parking> {
        &self.parking
    }

    fn drain(&self, deadline: Instant, settled: Instant) {
        self.instance.drain_until(deadline, settled);
    }

    fn evict(&self) {
        self.instance.slot.evict();
    }

    async fn back(&self, environment: &Environment, deadline: Instant) -> Result<()> {
        let put_back = self.instance.put_back();
        let outcome = if put_back {
            environment.departures.ended(&self.departure);
            Ok(())
        } else {
            self.again(environment, deadline).await
        };
        self.parking.release();
        outcome
    }
}

impl<T: Openable + ?Sized + 'static> Taken<T> {
    /// Opens it again from its options.
    async fn again(&self, environment: &Environment, deadline: Instant) -> Result<()> {
        let Opening { part, .. } = &self.opening;
        let resources = self.instance.resources.clone();
        let claim = environment.holders.claim(part.clone(), resources);
        let open = async {
            // Its own end comes first, and that of what was opened in its place.
            environment.holders.released(&[self.claim]).await;
            claim.acquire_when_free().await;
            claim.alone().await;
            self.opening.open::<T>().await
        };
        let clock = &environment.clock;
        let opened = tokio::select! {
            opened = open => opened,
            () = clock.sleep(deadline.saturating_duration_since(clock.now())) => {
                let left = environment.holders.left(&[self.claim]);
                Err(Error::new(ErrorKind::Timeout, match left.is_empty() {
                    true => "it did not open in time",
                    false => "the instance before has not ended",
                }))
            }
        };
        let (open, outcome) = match opened {
            Ok(open) => {
                tracing::info!(%part, "opened again from the options it had");
                (open, Ok(()))
            }
            Err(error) => {
                // Taken again by each try.
                claim.release();
                let stand_in = self.opening.stand_in(environment, &claim, &error);
                (stand_in, Err(error))
            }
        };
        let live = self.opening.live(environment, open, claim);
        self.instance.put(live);
        outcome.inspect_err(|error| {
            tracing::error!(%part, %error, "could not be opened again; it is tried until it can");
        })
    }
}
