//! Ids of new crashes between a storage and a source of one process image, by the queue's name.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use socorro_core::crash::CrashId;
use socorro_core::source::{Delivery, Settlement, Token};
use socorro_core::{Error, ErrorKind, Result};
use tokio::sync::Notify;

/// How many ids a queue holds before the saves of its storages fail; about 20 MB.
pub(crate) const MOST: usize = 100_000;

/// One queue: there for as long as a storage or source uses it.
#[derive(Default)]
pub(crate) struct Queue {
    name: String,
    state: Mutex<State>,
    arrived: Notify,
}

/// Arrivals and tokens are counted from the same `last`, so that none is ever there twice.
#[derive(Default)]
struct State {
    last: u64,
    place: HashMap<CrashId, Place>,
    /// By arrival.
    waiting: BTreeMap<u64, CrashId>,
    out: HashMap<Token, Out>,
}

/// Where an id is; each is in one place at a time.
enum Place {
    Waiting {
        arrival: u64,
    },
    Out(Token),
    /// Nobody could deal with it: it waits for the next instance of a source.
    Kept {
        arrival: u64,
    },
}

struct Out {
    id: CrashId,
    arrival: u64,
    instance: u64,
    /// Its crash was replaced meanwhile: an ack is for what was before.
    is_new_again: bool,
}

impl Queue {
    /// The queue with this name, the same for all who ask while somebody has it.
    pub(crate) fn named(name: &str) -> Result<Arc<Self>> {
        static QUEUES: Mutex<BTreeMap<String, Weak<Queue>>> = Mutex::new(BTreeMap::new());
        if name.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                "queue is empty; give it a name, the same for storage and source",
            ));
        }
        let mut queues = QUEUES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get(name).and_then(Weak::upgrade) {
            return Ok(queue);
        }
        queues.retain(|_, queue| queue.strong_count() > 0);
        let queue = Arc::new(Self {
            name: name.to_owned(),
            ..Self::default()
        });
        queues.insert(name.to_owned(), Arc::downgrade(&queue));
        Ok(queue)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `Unavailable` when the queue holds as many as it may.
    pub(crate) fn check_room(&self) -> Result<()> {
        if self.state().place.len() < MOST {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Unavailable,
            format!(
                "queue {:?} is full: {MOST} crashes wait in it; let a memory source take them",
                self.name
            ),
        ))
    }

    /// The crash is new, or new again.
    pub(crate) fn push(&self, id: CrashId) {
        let mut state = self.state();
        match state.place.get(&id) {
            Some(Place::Waiting { .. }) => return,
            Some(Place::Out(token)) => {
                let token = *token;
                if let Some(out) = state.out.get_mut(&token) {
                    out.is_new_again = true;
                }
                return;
            }
            Some(Place::Kept { .. }) | None => {}
        }
        let arrival = state.next();
        state.wait(id, arrival);
        self.arrived.notify_waiters();
    }

    /// The crash was deleted.
    pub(crate) fn forget(&self, id: &CrashId) {
        let mut state = self.state();
        match state.place.remove(id) {
            Some(Place::Waiting { arrival }) => drop(state.waiting.remove(&arrival)),
            Some(Place::Out(token)) => drop(state.out.remove(&token)),
            Some(Place::Kept { .. }) | None => {}
        }
    }

    /// A number for a new instance of a source; what was kept is handed out again.
    pub(crate) fn attach(&self) -> u64 {
        let mut state = self.state();
        let kept = state.place.iter().filter_map(|(id, place)| match place {
            Place::Kept { arrival } => Some((*id, *arrival)),
            Place::Waiting { .. } | Place::Out(_) => None,
        });
        for (id, arrival) in kept.collect::<Vec<_>>() {
            state.wait(id, arrival);
        }
        self.arrived.notify_waiters();
        state.next()
    }

    /// Takes up to `max`, at least one, waiting for it. Takes nothing unless it is polled to its end.
    pub(crate) async fn take(&self, max: usize, instance: u64) -> Vec<Delivery> {
        loop {
            // Made before looking: it sees every arrival from here on.
            let arrived = self.arrived.notified();
            let taken = self.state().take(max, instance);
            if !taken.is_empty() {
                return taken;
            }
            arrived.await;
        }
    }

    /// Settles what `instance` has out under this token, if it has.
    pub(crate) fn settle(&self, instance: u64, token: Token, settlement: Settlement) {
        let mut state = self.state();
        if state
            .out
            .get(&token)
            .is_none_or(|out| out.instance != instance)
        {
            return;
        }
        let Some(out) = state.out.remove(&token) else {
            return;
        };
        match settlement {
            Settlement::Ack if out.is_new_again => {
                let arrival = state.next();
                state.wait(out.id, arrival);
            }
            Settlement::Ack => drop(state.place.remove(&out.id)),
            Settlement::Nack { .. } if !out.is_new_again => {
                let arrival = out.arrival;
                state.place.insert(out.id, Place::Kept { arrival });
            }
            Settlement::Nack { .. } | Settlement::GiveBack => state.wait(out.id, out.arrival),
        }
        self.arrived.notify_waiters();
    }

    /// Gives back all that `instance` has out.
    pub(crate) fn detach(&self, instance: u64) {
        let mine = |(token, out): (&Token, &Out)| (out.instance == instance).then_some(*token);
        let tokens: Vec<_> = self.state().out.iter().filter_map(mine).collect();
        for token in tokens {
            self.settle(instance, token, Settlement::GiveBack);
        }
    }
}

impl State {
    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn wait(&mut self, id: CrashId, arrival: u64) {
        self.waiting.insert(arrival, id);
        self.place.insert(id, Place::Waiting { arrival });
    }

    fn take(&mut self, max: usize, instance: u64) -> Vec<Delivery> {
        let mut taken = Vec::new();
        while taken.len() < max {
            let Some((arrival, id)) = self.waiting.pop_first() else {
                break;
            };
            let token = Token(self.next());
            self.place.insert(id, Place::Out(token));
            self.out.insert(
                token,
                Out {
                    id,
                    arrival,
                    instance,
                    is_new_again: false,
                },
            );
            taken.push(Delivery {
                id: id.into(),
                token,
            });
        }
        taken
    }
}

#[cfg(test)]
mod tests;
