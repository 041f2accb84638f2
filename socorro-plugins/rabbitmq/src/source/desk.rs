use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::ledger::Ledger;

/// Where connections put what arrives, and receivers take it from.
pub(super) struct Desk {
    ledger: Mutex<Ledger>,
    /// The last connection that was lost, and what ended it.
    lost: Mutex<(u64, Option<lapin::Error>)>,
    changed: Notify,
}

impl Desk {
    pub(super) fn new(ledger: Ledger) -> Self {
        Self {
            ledger: Mutex::new(ledger),
            lost: Mutex::new((0, None)),
            changed: Notify::new(),
        }
    }

    /// The bookkeeping; not to be held while waiting.
    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something arrived, was given back, or ended.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    pub(super) fn tell(&self) {
        self.changed.notify_waiters();
    }

    /// This connection is lost; the first who says so knows why.
    pub(super) fn lose(&self, connection: u64, error: Option<lapin::Error>) {
        {
            let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
            if lost.0 < connection {
                *lost = (connection, error);
            }
        }
        self.ledger().lose(connection);
        self.tell();
    }

    /// What ended this connection, if it is lost.
    pub(super) fn lost(&self, connection: u64) -> Option<Option<lapin::Error>> {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        (lost.0 >= connection).then(|| lost.1.clone())
    }
}
