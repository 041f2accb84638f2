//! Which storages and sources run without their backend right now, and why.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::plan::Part;
use crate::telemetry;

/// What is away. Two instances of one part may be for a moment, while one takes over from the other.
#[derive(Debug, Default)]
pub(super) struct Away(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    next: u64,
    away: BTreeMap<(Part, u64), String>,
}

/// One instance is without its backend until this is dropped.
#[derive(Debug)]
pub(crate) struct Absent {
    all: Arc<Away>,
    part: Part,
    number: u64,
}

impl Away {
    /// This part is away, because of `why`.
    pub(super) fn enter(self: &Arc<Self>, part: Part, why: &str) -> Absent {
        let mut state = self.lock();
        state.next += 1;
        let number = state.next;
        state.away.insert((part.clone(), number), why.to_owned());
        telemetry::absent(&part.to_string(), true);
        drop(state);
        Absent {
            all: self.clone(),
            part,
            number,
        }
    }

    /// Why each part is away that is.
    pub(super) fn now(&self) -> BTreeMap<Part, String> {
        let state = self.lock();
        let away = state.away.iter();
        away.map(|((part, _), why)| (part.clone(), why.clone()))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Absent {
    /// What is away.
    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    /// It still is, and this is why.
    pub(crate) fn say(&self, why: &str) {
        let mut state = self.all.lock();
        state
            .away
            .insert((self.part.clone(), self.number), why.to_owned());
    }
}

impl Drop for Absent {
    fn drop(&mut self) {
        let mut state = self.all.lock();
        state.away.remove(&(self.part.clone(), self.number));
        let another = state.away.keys().any(|(part, _)| *part == self.part);
        telemetry::absent(&self.part.to_string(), another);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_away_as_long_as_any_of_its_instances_is() {
        let away = Arc::new(Away::default());
        let part = Part::Storage("a".to_owned());
        let old = away.enter(part.clone(), "refused");
        old.say("still refused");
        assert_eq!(
            away.now(),
            [(part.clone(), "still refused".to_owned())].into()
        );
        let new = away.enter(part.clone(), "no route");
        drop(old);
        assert_eq!(away.now(), [(part, "no route".to_owned())].into());
        drop(new);
        assert!(away.now().is_empty());
    }
}
