use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

const STRIPES: usize = 16;

/// The tickets of the operations an instance has not answered yet, so that all of them can be ended when it
/// is destroyed without having answered.
///
/// Striped, so that the lock that is taken twice an operation is hardly ever contended.
#[derive(Default)]
pub(super) struct InFlight([Mutex<HashSet<usize, BuildHasherDefault<Itself>>>; STRIPES]);

impl InFlight {
    pub(super) fn add(&self, ticket: usize) {
        self.stripe(ticket).insert(ticket);
    }

    pub(super) fn remove(&self, ticket: usize) {
        self.stripe(ticket).remove(&ticket);
    }

    /// Takes out all of them.
    pub(super) fn drain(&self) -> Vec<usize> {
        (0..STRIPES)
            .flat_map(|stripe| std::mem::take(&mut *self.stripe(stripe)))
            .collect()
    }

    fn stripe(&self, ticket: usize) -> MutexGuard<'_, HashSet<usize, BuildHasherDefault<Itself>>> {
        self.0[ticket % STRIPES]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tickets are unique numbers already; spreading their low bits over the word is all the hashing they need.
#[derive(Default)]
struct Itself(u64);

impl Hasher for Itself {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_usize(&mut self, ticket: usize) {
        self.0 = (ticket as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
