//! Work on the disk, off the threads that must not wait.

use std::sync::Arc;
use std::time::Instant;

use socorro_core::context::Context;
use socorro_core::crash::StoredId;
use socorro_core::error::{Error, ErrorKind, Result};

/// Runs blocking work on the runtime's threads for it, and puts names to its errors.
#[derive(Clone)]
pub(crate) struct Blocking {
    name: Arc<str>,
}

impl Blocking {
    /// For the storage or source of this name.
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.into() }
    }

    /// Runs `work`, unless the deadline has passed before it could begin. Once begun it ends, whether or
    /// not this future is dropped.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        cx: &Context,
        operation: &'static str,
        id: Option<&StoredId>,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let deadline = cx.deadline();
        let task = tokio::task::spawn_blocking(move || {
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Err(Error::new(
                    ErrorKind::Timeout,
                    "the time was up before a thread was free; nothing was done",
                ));
            }
            work()
        });
        let done = match task.await {
            Ok(done) => done,
            Err(failed) if failed.is_panic() => Err(Error::new(
                ErrorKind::Internal,
                "the filesystem plugin panicked; please report it",
            )
            .with_applied(socorro_core::error::Applied::Unknown)),
            Err(_) => Err(Error::new(
                ErrorKind::Cancelled,
                "the runtime was shut down before the work began",
            )),
        };
        done.map_err(|error| {
            let error = error.in_operation(operation).at_storage(&self.name);
            match id {
                Some(id) => error.for_crash(id),
                None => error,
            }
        })
    }
}
