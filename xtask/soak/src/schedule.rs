use std::time::Duration;

use crate::random::Random;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Save,
    Read,
    List,
    Delete,
}

/// An operation, as it was planned before anything ran.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planned {
    /// Counted from 0.
    pub(crate) number: u64,
    /// When it is due, from the beginning. It begins then, whatever became of those before it.
    pub(crate) due: Duration,
    pub(crate) kind: Kind,
    /// Which storage: a place in [`STORAGES`].
    pub(crate) storage: usize,
    /// Whether it is pinned to a generation by who calls.
    pub(crate) pinned: bool,
    /// Which crash is read or deleted.
    pub(crate) pick: usize,
}

/// What operations go to.
pub(crate) const STORAGES: [&str; 4] = ["kept", "memory", "disk", "pair"];

/// Operations at times that depend on the seed alone: arrivals of a Poisson process.
pub(crate) struct Schedule {
    random: Random,
    rate: f64,
    number: u64,
    due: f64,
}

impl Schedule {
    pub(crate) fn new(seed: u64, rate: u32) -> Self {
        Self {
            random: Random::new(seed),
            rate: f64::from(rate.max(1)),
            number: 0,
            due: 0.0,
        }
    }
}

impl Iterator for Schedule {
    type Item = Planned;

    fn next(&mut self) -> Option<Planned> {
        self.due += -(1.0 - self.random.unit()).ln() / self.rate;
        let kind = match self.random.below(10) {
            0..3 => Kind::Save,
            3..6 => Kind::Read,
            6 => Kind::List,
            _ => Kind::Delete,
        };
        let planned = Planned {
            number: self.number,
            due: Duration::from_secs_f64(self.due),
            kind,
            storage: self.random.below(STORAGES.len()),
            pinned: self.random.below(2) == 0,
            pick: self.random.below(usize::MAX),
        };
        self.number += 1;
        Some(planned)
    }
}
