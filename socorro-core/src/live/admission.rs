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
    operations: AtomicU64,
    bytes: AtomicU64,
}

/// One admitted operation; leaves when dropped.
#[derive(Debug)]
pub(crate) struct Admitted {
    admission: Arc<Admission>,
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
    pub(crate) fn new(max_operations: u64, max_bytes: u64) -> Arc<Self> {
        Arc::new(Self {
            max_operations,
            max_bytes,
            operations: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        })
    }

    /// What is under way now.
    pub(crate) fn in_flight(&self) -> InFlight {
        InFlight {
            operations: self.operations.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
        }
    }

    /// Admits one operation with so many bytes in memory, or answers `Overloaded` at once.
    ///
    /// A single operation is always admitted to an idle storage, however large it is: `[limits]` bounds it.
    pub(crate) fn admit(self: &Arc<Self>, bytes: usize) -> Result<Admitted> {
        let bytes = bytes as u64;
        let operations = self.operations.fetch_add(1, Ordering::Relaxed);
        let in_flight = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        // Made before the checks, so that a refusal takes back what was counted.
        let admitted = Admitted {
            admission: self.clone(),
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
        self.admission.operations.fetch_sub(1, Ordering::Relaxed);
        self.admission
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
        assert_eq!(admission.operations.load(Ordering::Relaxed), 0);
        assert_eq!(admission.bytes.load(Ordering::Relaxed), 0);
    }
}
