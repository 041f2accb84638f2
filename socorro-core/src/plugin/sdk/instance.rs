use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio_util::task::TaskTracker;

use super::caught::{caught, panicked};
use super::completion::Completion;
use super::operation::Backend;
use super::request::Request;
use super::runtime::Lease;
use crate::context::Context;

/// What the host's `ctx` points to.
pub(super) struct Instance {
    shared: Arc<Shared>,
    tasks: TaskTracker,
    /// Not shared with the tasks: the last lease shuts the runtime down, which a task must not do.
    lease: Lease,
}

struct Shared {
    backend: Backend,
    closed: AtomicBool,
    stop: Notify,
}

impl Instance {
    pub(super) fn new(backend: Backend, lease: Lease) -> Self {
        Self {
            shared: Arc::new(Shared {
                backend,
                closed: AtomicBool::new(false),
                stop: Notify::new(),
            }),
            tasks: TaskTracker::new(),
            lease,
        }
    }

    /// Starts an operation on the runtime.
    pub(super) fn start(&self, cx: Context, request: Request, done: Completion) -> AbortHandle {
        let task = run(Arc::clone(&self.shared), cx, request, done);
        self.lease
            .handle()
            .spawn(self.tasks.track_future(task))
            .abort_handle()
    }

    /// Ends all operations and drops the backend; `false` when something still runs after `timeout`. Blocks.
    pub(super) fn destroy(self, timeout: Duration) -> bool {
        let Self {
            shared,
            tasks,
            lease,
        } = self;
        let started = Instant::now();
        shared.closed.store(true, Ordering::SeqCst);
        shared.stop.notify_waiters();
        tasks.close();
        let ended = lease
            .handle()
            .block_on(async { tokio::time::timeout(timeout, tasks.wait()).await })
            .is_ok();
        let dropped = {
            // A backend may spawn a farewell when it is dropped.
            let _runtime = lease.handle().enter();
            caught(|| {
                drop(shared);
                Ok(())
            })
        };
        if let Err(error) = dropped {
            tracing::error!(%error, "the backend panicked while it was dropped");
        }
        let stopped = lease.give_back(timeout.saturating_sub(started.elapsed()));
        ended && stopped
    }
}

async fn run(shared: Arc<Shared>, cx: Context, request: Request, done: Completion) {
    // Made before the flag is read, so that a stop after that is not missed.
    let stopped = shared.stop.notified();
    if shared.closed.load(Ordering::SeqCst) {
        return;
    }
    // Boxed: the future has room for every operation there is, and a task is moved several times on its way.
    let operation = AssertUnwindSafe(Box::pin(shared.backend.run(&cx, request))).catch_unwind();
    tokio::select! {
        // The operation first: one that ends at once does not touch the lock of the other.
        biased;
        outcome = operation => {
            done.answer(outcome.unwrap_or_else(|payload| Err(panicked(payload))));
        }
        () = stopped => {}
    }
}
