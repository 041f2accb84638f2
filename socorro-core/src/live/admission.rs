//! A bound on what is in flight at one storage, checked without a lock and without waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::error::{Error, ErrorKind, Result};

/// Counts operations and payload bytes in flight, and refuses what goes beyond the bounds.
#[derive(Debug)]
pub(crate) struct Admission {
    max_operations: u64,
    max_bytes: u64,
    in_flight: Arc<Counts>,
}

/// What is in flight, whatever the bounds are.
#[derive(Debug, Default)]
struct Counts {
    operations: AtomicU64,
    bytes: AtomicU64,
}

/// One admitted operation; leaves when dropped.
#[derive(Debug)]
pub(crate) struct Admitted {
    in_flight: Arc<Counts>,
    bytes: u64,
}

/// What is under way on one storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InFlight {
    /// Operations, those that wait to be tried again included.
    pub operations: u64,
    /// Bytes in memory of what they save.
    pub bytes: u64,
}

impl Admission {
    pub(crate) fn new(max_operations: u64, max_bytes: u64) -> Self {
        Self {
            max_operations,
            max_bytes,
            in_flight: Arc::default(),
        }
    }

    /// Other bounds for what is in flight: it stays admitted, and counts.
    pub(crate) fn with_bounds(&self, max_operations: u64, max_bytes: u64) -> Self {
        Self {
            max_operations,
            max_bytes,
            in_flight: self.in_flight.clone(),
        }
    }

    /// Is the operation one of those in flight here?
    pub(crate) fn has(&self, admitted: &Admitted) -> bool {
        Arc::ptr_eq(&self.in_flight, &admitted.in_flight)
    }

    /// What is under way now.
    pub(crate) fn in_flight(&self) -> InFlight {
        InFlight {
            operations: self.in_flight.operations.load(Ordering::Relaxed),
            bytes: self.in_flight.bytes.load(Ordering::Relaxed),
        }
    }

    /// Admits one operation with so many bytes in memory, or answers `Overloaded` at once.
    ///
    /// A single operation is always admitted to an idle storage, however large it is: `[limits]` bounds it.
    pub(crate) fn admit(&self, bytes: usize) -> Result<Admitted> {
        let bytes = bytes as u64;
        let operations = self.in_flight.operations.fetch_add(1, Ordering::Relaxed);
        let in_flight = self.in_flight.bytes.fetch_add(bytes, Ordering::Relaxed);
        // Made before the checks, so that a refusal takes back what was counted.
        let admitted = Admitted {
            in_flight: self.in_flight.clone(),
            bytes,
        };
        if operations >= self.max_operations {
            return Err(overloaded(format!(
                "{} operations are in flight, the bound max_operations; try again shortly",
                self.max_operations
            )));
        }
        if operations > 0 && in_flight.saturating_add(bytes) > self.max_bytes {
            return Err(overloaded(format!(
                "{in_flight} bytes are in flight and this operation has {bytes}, max_bytes is {}; try again shortly",
                self.max_bytes
            )));
        }
        Ok(admitted)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.in_flight.operations.fetch_sub(1, Ordering::Relaxed);
        self.in_flight
            .bytes
            .fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

fn overloaded(message: String) -> Error {
    Error::new(ErrorKind::Overloaded, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_beyond_the_bounds_and_recovers() {
        let admission = Admission::new(2, 100);
        let first = admission.admit(60).unwrap();
        assert_eq!(
            admission.admit(60).unwrap_err().kind(),
            ErrorKind::Overloaded
        );
        let second = admission.admit(40).unwrap();
        assert_eq!(
            admission.admit(0).unwrap_err().kind(),
            ErrorKind::Overloaded
        );
        drop((first, second));
        drop(admission.admit(1000).unwrap());
        assert_eq!(admission.in_flight.operations.load(Ordering::Relaxed), 0);
        assert_eq!(admission.in_flight.bytes.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_is_in_flight_counts_for_other_bounds_too() {
        let before = Admission::new(2, 100);
        let first = before.admit(60).unwrap();
        let after = before.with_bounds(1, 1000);
        assert!(after.has(&first) && !Admission::new(1, 1).has(&first));
        assert_eq!(after.admit(0).unwrap_err().kind(), ErrorKind::Overloaded);
        drop(first);
        after.admit(0).unwrap();
    }
}
