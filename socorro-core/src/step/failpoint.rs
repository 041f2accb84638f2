//! Faults that tests put into steps.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::{Injected, Step};

/// Where the steps of one program are made to fail. Given to it with `Builder::failpoints`; clones are the same.
///
/// Only with feature `failpoints`, which is for the tests of this project.
#[derive(Clone, Debug)]
pub struct Failpoints(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    armed: Mutex<Option<(Step, Fault)>>,
    /// How many faults have struck.
    struck: watch::Sender<u64>,
    /// Whether what hangs goes on: for tasks, and for threads.
    released: watch::Sender<bool>,
    goes_on: (Mutex<bool>, Condvar),
}

/// What a failpoint does in the place of a step's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The step returns an error.
    Error,
    /// The step panics.
    Panic,
    /// The step does not return until [`Failpoints::release`]; then it does its work.
    Hang,
}

impl Fault {
    /// Every fault there is.
    pub const ALL: &'static [Self] = &[Self::Error, Self::Panic, Self::Hang];
}

impl Default for Failpoints {
    fn default() -> Self {
        Self(Arc::new(Inner {
            armed: Mutex::default(),
            struck: watch::Sender::new(0),
            released: watch::Sender::new(false),
            goes_on: (Mutex::new(false), Condvar::new()),
        }))
    }
}

impl Failpoints {
    /// Makes the next taking of `step` fail so; the one after it is as always. Replaces what was armed before.
    pub fn arm(&self, step: Step, fault: Fault) {
        self.0.struck.send_replace(0);
        self.0.released.send_replace(false);
        *lock(&self.0.goes_on.0) = false;
        *lock(&self.0.armed) = Some((step, fault));
    }

    /// Waits until the fault that was armed last has struck.
    pub async fn struck(&self) {
        // Cannot fail: the sender is ours.
        let _ = self.0.struck.subscribe().wait_for(|count| *count > 0).await;
    }

    /// Whether the fault that was armed last has struck.
    pub fn has_struck(&self) -> bool {
        *self.0.struck.borrow() > 0
    }

    /// Lets what hangs go on.
    pub fn release(&self) {
        self.0.released.send_replace(true);
        *lock(&self.0.goes_on.0) = true;
        self.0.goes_on.1.notify_all();
    }

    /// On the thread that does the step's work.
    pub(super) fn strike(&self, step: Step) -> Result<(), Injected> {
        if self.strikes(step)? {
            let mut goes_on = lock(&self.0.goes_on.0);
            while !*goes_on {
                let waited = self.0.goes_on.1.wait(goes_on);
                goes_on = waited.unwrap_or_else(PoisonError::into_inner);
            }
        }
        Ok(())
    }

    pub(super) async fn strike_async(&self, step: Step) -> Result<(), Injected> {
        if self.strikes(step)? {
            let mut released = self.0.released.subscribe();
            // Cannot fail: the sender is ours.
            let _ = released.wait_for(|released| *released).await;
        }
        Ok(())
    }

    /// Fails or panics if it is to; tells whether it is to hang.
    fn strikes(&self, step: Step) -> Result<bool, Injected> {
        let fault = lock(&self.0.armed).take_if(|(armed, _)| *armed == step);
        let Some((_, fault)) = fault else {
            return Ok(false);
        };
        self.0.struck.send_modify(|count| *count += 1);
        match fault {
            Fault::Error => Err(Injected(step)),
            #[expect(clippy::panic, reason = "this is the fault")]
            Fault::Panic => panic!("a failpoint made {step} panic"),
            Fault::Hang => Ok(true),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
