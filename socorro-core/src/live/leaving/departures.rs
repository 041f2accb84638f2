use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use tokio::sync::watch;

use super::departure::{Departure, Terms};
use super::{Leaving, Stage, Straggler};
use crate::error::Error;
use crate::live::in_service::Live;
use crate::live::instance::Instance;
use crate::live::plan::Part;
use crate::live::reaper::within;
use crate::step::{Failpoints, Step, Steps};
use crate::telemetry;
use crate::transaction::Clock;

/// Everything that leaves, and what did not end cleanly.
#[derive(Debug)]
pub(in crate::live) struct Departures {
    clock: Arc<dyn Clock>,
    failpoints: Failpoints,
    all: Mutex<Vec<Arc<Departure>>>,
    changes: watch::Sender<u64>,
    stragglers: watch::Sender<Vec<Straggler>>,
}

/// How many stragglers are remembered; the oldest make room.
const REMEMBERED: usize = 100;

impl Departures {
    pub(in crate::live) fn new(clock: Arc<dyn Clock>, failpoints: Failpoints) -> Arc<Self> {
        Arc::new(Self {
            clock,
            failpoints,
            all: Mutex::default(),
            changes: watch::Sender::new(0),
            stragglers: watch::Sender::new(Vec::new()),
        })
    }

    pub(in crate::live) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// For the steps of one instance on its way out.
    pub(in crate::live) fn steps(&self) -> Steps {
        Steps::new(self.failpoints.clone())
    }

    /// `instance` leaves. Needs a tokio runtime.
    pub(in crate::live) fn leave<T>(self: &Arc<Self>, instance: &Arc<Instance<T>>, terms: Terms)
    where
        T: ?Sized + Send + Sync + 'static,
    {
        instance.drain_until(terms.drained, terms.drained + terms.grace);
        // Out of service already: whoever took it out sees to its end.
        let Ok(live) = instance.live() else { return };
        let departure = self.announce(instance, &live, terms);
        if matches!(instance.part, Part::Source(_)) {
            drop(instance.take());
        }
        drop(live);
        tokio::spawn(see_off(
            self.clone(),
            departure,
            Arc::downgrade(instance),
            terms,
        ));
    }

    /// What is open in `instance` leaves; whoever says so sees to it that nothing holds it any more.
    pub(in crate::live) fn announce<T>(
        &self,
        instance: &Arc<Instance<T>>,
        live: &Arc<Live<T>>,
        terms: Terms,
    ) -> Arc<Departure>
    where
        T: ?Sized + Send + Sync + 'static,
    {
        let departure = Arc::new(Departure::new(instance, live, terms));
        live.departs(departure.clone());
        self.add(departure.clone());
        departure
    }

    /// What was opened and never served ends.
    pub(in crate::live) fn unannounced(
        self: &Arc<Self>,
        part: Part,
        within: Duration,
    ) -> Arc<Departure> {
        let departure = Arc::new(Departure::unannounced(part, within));
        self.add(departure.clone());
        departure
    }

    /// The program ends: everything that is still leaving has to be gone by then.
    pub(in crate::live) fn hasten(&self, terms: Terms) {
        for departure in &*self.lock() {
            departure.hasten(terms);
        }
    }

    /// Everything that leaves now, the longest first.
    pub(in crate::live) fn all(&self) -> Vec<Leaving> {
        self.lock().iter().map(|one| one.describe()).collect()
    }

    /// Tells of every change of what [`all`](Self::all) tells, except of the number of operations.
    pub(in crate::live) fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// What did not end cleanly since the start, the youngest last; at most 100.
    pub(in crate::live) fn watch_stragglers(&self) -> watch::Receiver<Vec<Straggler>> {
        self.stragglers.subscribe()
    }

    pub(in crate::live) fn advance(&self, departure: &Departure, stage: Stage) {
        departure.set_stage(stage);
        self.changed();
    }

    /// Nothing of it is left, or it stays after all.
    pub(in crate::live) fn ended(&self, departure: &Arc<Departure>) {
        // Whoever sees it off must not wait for more.
        departure.set_stage(Stage::Closing);
        self.lock().retain(|one| !Arc::ptr_eq(one, departure));
        self.changed();
    }

    /// It did not end as it should.
    pub(in crate::live) fn report(
        &self,
        departure: &Departure,
        step: Step,
        operations: usize,
        why: String,
    ) {
        let name = match &departure.part {
            Part::Storage(name) | Part::Source(name) => name,
            Part::Pipeline(name) | Part::Settings(name) => name,
        };
        let straggler = Straggler {
            name: name.clone(),
            part: departure.part.clone(),
            generation: departure.generation,
            operations,
            since: departure.since,
            at: SystemTime::now(),
            step,
            why,
        };
        telemetry::straggled();
        tracing::warn!(
            part = %straggler.part,
            generation = straggler.generation,
            operations,
            %step,
            why = straggler.why,
            "an instance did not end cleanly"
        );
        self.stragglers.send_modify(|all| {
            if all.len() == REMEMBERED {
                all.remove(0);
            }
            all.push(straggler);
        });
    }

    fn add(&self, departure: Arc<Departure>) {
        self.lock().push(departure);
        self.changed();
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Departure>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much longer than until everything is settled the seeing off may take.
const MARGIN: Duration = Duration::from_secs(3);

/// Sees the instance off; what goes wrong with that keeps nothing else from ending.
async fn see_off<T>(
    departures: Arc<Departures>,
    departure: Arc<Departure>,
    instance: Weak<Instance<T>>,
    terms: Terms,
) where
    T: ?Sized + Send + Sync + 'static,
{
    let clock = departures.clock();
    let over = terms.drained + terms.grace + MARGIN;
    let steps = departures.steps();
    let drain = steps.take_async(Step::Drain, async {
        departure.see_off(instance, clock).await;
        Ok::<(), Error>(())
    });
    let patience = over.saturating_duration_since(clock.now());
    let drain = within(clock, patience, AssertUnwindSafe(drain).catch_unwind());
    let why = match drain.await {
        Some(Ok(Ok(()))) => return,
        Some(Ok(Err(error))) => format!("it could not be drained: {error}"),
        Some(Err(_)) => {
            "draining it panicked, and the panic hook has the message; what is in it ends by itself"
                .to_owned()
        }
        None => {
            "draining it did not come to an end in time; what is in it ends by itself".to_owned()
        }
    };
    departures.report(&departure, Step::Drain, departure.operations(), why);
}
