//! One fsync for all who need it: a leader syncs, those who came before it started share the outcome.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// Syncs of one directory, shared between concurrent saves.
///
/// Whoever arrives while an fsync runs cannot share that one, because it may have started before their
/// change; they wait for the next, which one of them runs for all. A failed fsync fails everyone who waited
/// for it: the kernel reports it once and then calls the lost pages clean, so asking again proves nothing.
#[derive(Default)]
pub(crate) struct GroupSync {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// A leader is at work.
    running: bool,
    /// What the next leader will fulfil.
    next: Arc<Round>,
}

#[derive(Default)]
struct Round(OnceLock<Result<(), Failure>>);

#[derive(Clone)]
struct Failure {
    code: Option<i32>,
    kind: io::ErrorKind,
    text: String,
}

impl GroupSync {
    /// Returns the outcome of a run of `sync` that started after this call did.
    pub(crate) fn run(&self, sync: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let mut state = self.state();
        let round = Arc::clone(&state.next);
        while state.running {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            if let Some(outcome) = round.0.get() {
                return outcome.clone().map_err(Failure::into);
            }
        }
        state.running = true;
        state.next = Arc::default();
        drop(state);
        let leader = Leader {
            group: self,
            round: &round,
        };
        let outcome = sync();
        let _ = round.0.set(outcome.as_ref().copied().map_err(Failure::of));
        drop(leader);
        outcome
    }

    /// How many wait for the next run.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        Arc::strong_count(&self.state().next) - 1
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the round on every path, also when the sync panics: those who wait must hear of it.
struct Leader<'a> {
    group: &'a GroupSync,
    round: &'a Round,
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        self.round.0.get_or_init(|| {
            Err(Failure::of(&io::Error::other(
                "the directory sync was cut short",
            )))
        });
        self.group.state().running = false;
        self.group.changed.notify_all();
    }
}

impl Failure {
    fn of(error: &io::Error) -> Self {
        Self {
            code: error.raw_os_error(),
            kind: error.kind(),
            text: error.to_string(),
        }
    }
}

impl From<Failure> for io::Error {
    fn from(failure: Failure) -> Self {
        match failure.code {
            Some(code) => Self::from_raw_os_error(code),
            None => Self::new(failure.kind, failure.text),
        }
    }
}
