//! One tokio runtime an image: made with the first instance, shared by all, shut down with the last.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{Error, ErrorKind, Result};

/// The most threads for blocking work, unless the host says otherwise. tokio's own default of 512 makes an
/// operation on files slower, and so many threads in every plugin add up.
const BLOCKING: usize = 16;

static SHARED: Mutex<Option<Shared>> = Mutex::new(None);

struct Shared {
    runtime: Runtime,
    leases: usize,
    /// Threads of the runtime that have started and not stopped.
    threads: Arc<AtomicUsize>,
}

/// The right to use the image's runtime.
pub(super) struct Lease {
    handle: Handle,
    given_back: bool,
}

impl Lease {
    /// Takes part in the runtime, making it if there is none: `workers` and `blocking` are its threads, 0 for
    /// the default.
    pub(super) fn take(plugin: &str, workers: u32, blocking: u32) -> Result<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.is_none() {
            *shared = Some(start(plugin, workers, blocking)?);
        }
        let Some(shared) = &mut *shared else {
            return Err(Error::new(ErrorKind::Internal, "the runtime is missing"));
        };
        shared.leases += 1;
        Ok(Self {
            handle: shared.runtime.handle().clone(),
            given_back: false,
        })
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Gives the right back. The last one shuts the runtime down, waiting for its threads for up to `timeout`;
    /// `false` when some are left. Blocks; not for threads of a runtime.
    pub(super) fn give_back(mut self, timeout: Duration) -> bool {
        self.leave(timeout)
    }

    fn leave(&mut self, timeout: Duration) -> bool {
        if std::mem::replace(&mut self.given_back, true) {
            return true;
        }
        let last = {
            let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
            match &mut *shared {
                Some(one) if one.leases > 1 => {
                    one.leases -= 1;
                    None
                }
                _ => shared.take(),
            }
        };
        let Some(Shared {
            runtime, threads, ..
        }) = last
        else {
            return true;
        };
        // Zero would not wait at all, and then not even idle threads would be joined.
        runtime.shutdown_timeout(timeout.max(Duration::from_millis(10)));
        threads.load(Ordering::Acquire) == 0
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.leave(Duration::from_secs(1));
    }
}

fn start(plugin: &str, workers: u32, blocking: u32) -> Result<Shared> {
    let threads = Arc::new(AtomicUsize::new(0));
    let (started, stopped) = (Arc::clone(&threads), Arc::clone(&threads));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = match workers as usize {
        0 if cores <= 2 => 1,
        0 => 2,
        workers => workers,
    };
    let blocking = match blocking as usize {
        0 => BLOCKING,
        blocking => blocking,
    };
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers)
        .max_blocking_threads(blocking)
        .thread_name(format!("sp-{plugin}"))
        .on_thread_start(move || {
            started.fetch_add(1, Ordering::AcqRel);
        })
        .on_thread_stop(move || {
            stopped.fetch_sub(1, Ordering::AcqRel);
        })
        .enable_all()
        .build()
        .map_err(|error| {
            Error::new(
                ErrorKind::Unavailable,
                "the plugin's runtime cannot be started",
            )
            .caused_by(&error)
        })?;
    Ok(Shared {
        runtime,
        leases: 0,
        threads,
    })
}
