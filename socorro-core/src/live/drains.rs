//! What a reload let go and is still in use.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use serde::{Serialize, Serializer};

use super::generation::{Generation, StorageEntry};
use super::instance::{SourceInstance, StorageInstance};
use super::plan::Part;
use crate::transaction::Clock;

/// An instance that a reload let go and that operations still use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Draining {
    /// What it is an instance of.
    pub part: Part,
    /// The last generation that had it.
    pub generation: u64,
    /// Operations under way on it; of a source always 0.
    pub operations: u64,
    /// How long ago it was let go.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub since: Duration,
    /// How long its operations may still take; then they are cancelled.
    #[serde(rename = "seconds_left", serialize_with = "seconds")]
    pub left: Duration,
}

/// Knows without keeping anything alive.
#[derive(Debug, Default)]
pub(super) struct Drains(Mutex<Vec<Leaving>>);

#[derive(Debug)]
struct Leaving {
    part: Part,
    generation: u64,
    instance: AnyInstance,
    since: Instant,
    deadline: Instant,
}

#[derive(Debug)]
enum AnyInstance {
    Storage(Weak<StorageInstance>, Weak<StorageEntry>),
    Source(Weak<SourceInstance>),
}

impl AnyInstance {
    fn is_there(&self) -> bool {
        match self {
            Self::Storage(instance, _) => instance.strong_count() > 0,
            Self::Source(instance) => instance.strong_count() > 0,
        }
    }

    fn operations(&self) -> u64 {
        match self {
            Self::Storage(_, entry) => entry
                .upgrade()
                .map_or(0, |entry| entry.admission.in_flight().operations),
            Self::Source(_) => 0,
        }
    }
}

impl Drains {
    /// `next` took over from `previous`; what it does not have may be used until `deadline`.
    pub(super) fn left(
        &self,
        previous: &Generation,
        next: &Generation,
        deadline: Instant,
        clock: &dyn Clock,
    ) {
        let storages = previous.storages.iter().filter_map(|(name, entry)| {
            let next = next.storages.get(name);
            let stays = next.is_some_and(|next| Arc::ptr_eq(&next.instance, &entry.instance));
            let instance =
                AnyInstance::Storage(Arc::downgrade(&entry.instance), Arc::downgrade(entry));
            (!stays).then(|| (Part::Storage(name.to_string()), instance))
        });
        let sources = previous.sources.iter().filter_map(|(name, entry)| {
            let next = next.sources.get(name);
            let stays = next.is_some_and(|next| Arc::ptr_eq(&next.instance, &entry.instance));
            let instance = AnyInstance::Source(Arc::downgrade(&entry.instance));
            (!stays).then(|| (Part::Source(name.to_string()), instance))
        });
        let since = clock.now();
        let mut leaving = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        leaving.retain(|one| one.instance.is_there());
        leaving.extend(storages.chain(sources).map(|(part, instance)| Leaving {
            part,
            generation: previous.number,
            instance,
            since,
            deadline,
        }));
    }

    /// What is still there, the oldest first.
    pub(super) fn now(&self, clock: &dyn Clock) -> Vec<Draining> {
        let now = clock.now();
        let mut leaving = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        leaving.retain(|one| one.instance.is_there());
        leaving
            .iter()
            .map(|one| Draining {
                part: one.part.clone(),
                generation: one.generation,
                operations: one.instance.operations(),
                since: now.saturating_duration_since(one.since),
                left: one.deadline.saturating_duration_since(now),
            })
            .collect()
    }
}

fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((time.as_secs_f64() * 1e3).round() / 1e3)
}
