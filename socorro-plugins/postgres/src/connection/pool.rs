//! The threads and their queue.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use socorro_core::context::Context;
use socorro_core::error::Applied;
use socorro_core::{Error, ErrorKind, Result};
use tokio::sync::watch;

use super::database::Database;
use super::ticket::ticket;

/// How much work may wait. Who comes when so much does is refused at once.
const MOST: usize = 4096;

type Job = Box<dyn FnOnce(&Arc<Database>) + Send>;

/// Threads that have the connections to themselves.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    request_timeout: Duration,
}

struct Shared {
    queue: Mutex<Queue>,
    arrived: Condvar,
    database: Arc<Database>,
    alive: watch::Sender<usize>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    idle: usize,
    is_closing: bool,
}

impl Pool {
    /// Starts so many threads.
    pub(crate) fn start(
        database: Database,
        threads: usize,
        request_timeout: Duration,
    ) -> Result<Self> {
        let pool = Self {
            shared: Arc::new(Shared {
                queue: Mutex::default(),
                arrived: Condvar::new(),
                database: Arc::new(database),
                alive: watch::Sender::new(0),
            }),
            request_timeout,
        };
        for _ in 0..threads {
            let shared = Arc::clone(&pool.shared);
            pool.shared.alive.send_modify(|alive| *alive += 1);
            let started = std::thread::Builder::new()
                .name("postgres".to_owned())
                .spawn(move || shared.work());
            if let Err(error) = started {
                pool.shared.alive.send_modify(|alive| *alive -= 1);
                return Err(Error::new(
                    ErrorKind::Unavailable,
                    "cannot start a thread; lower `connections` or raise the limit of threads",
                )
                .caused_by(&error));
            }
        }
        Ok(pool)
    }

    /// When an operation of this context must be over.
    pub(crate) fn deadline(&self, cx: &Context) -> Option<Instant> {
        cx.clone().with_timeout(self.request_timeout).deadline()
    }

    /// Runs `work` on one of the threads and waits for it.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        cx: &Context,
        work: impl FnOnce(&Database) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let deadline = self.deadline(cx);
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Err(over());
        }
        let (ticket, waiting) = ticket();
        self.submit(move |database| {
            if ticket.begin() {
                // Nobody waits: what was read is not needed, what was written is as good as told.
                let _ = ticket.answer(work(database));
            }
        })?;
        waiting.wait(deadline).await
    }

    /// Has `job` run on one of the threads some time.
    pub(crate) fn submit(&self, job: impl FnOnce(&Arc<Database>) + Send + 'static) -> Result<()> {
        let mut queue = self.shared.queue();
        if queue.is_closing {
            return Err(Error::new(
                ErrorKind::Unavailable,
                "this instance is closing; nothing was done",
            ));
        }
        if queue.jobs.len() >= MOST {
            return Err(Error::new(
                ErrorKind::Overloaded,
                format!("{MOST} operations wait for a connection already; nothing was done"),
            ));
        }
        queue.jobs.push_back(Box::new(job));
        drop(queue);
        self.shared.arrived.notify_one();
        Ok(())
    }

    /// How many threads could begin something now.
    pub(crate) fn idle(&self) -> usize {
        let queue = self.shared.queue();
        queue.idle.saturating_sub(queue.jobs.len())
    }

    /// Ends when all work is done and all connections are closed, or at the deadline of `cx`.
    pub(crate) async fn close(&self, cx: &Context) -> Result<()> {
        self.shared.stop();
        let mut alive = self.shared.alive.subscribe();
        let ended = alive.wait_for(|alive| *alive == 0);
        let ended = match self.deadline(cx) {
            None => ended.await.is_ok(),
            Some(deadline) => tokio::time::timeout_at(deadline.into(), ended)
                .await
                .is_ok(),
        };
        if ended {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Timeout,
            "a connection is still at work; its thread ends when the server answers or the network gives up",
        )
        .with_applied(Applied::Unknown))
    }
}

/// The threads end by themselves after what they have to do.
impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        self.queue().is_closing = true;
        self.arrived.notify_all();
    }

    /// The life of a thread.
    fn work(&self) {
        while let Some(job) = self.next() {
            if catch_unwind(AssertUnwindSafe(|| job(&self.database))).is_err() {
                // The panic hook has told of it, and whoever waits is told by the ticket that was dropped.
                tracing::error!("an operation panicked");
            }
        }
        // Connections must be closed here, where blocking is allowed.
        self.database.clear();
        self.alive.send_modify(|alive| *alive -= 1);
    }

    fn next(&self) -> Option<Job> {
        let mut queue = self.queue();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            if queue.is_closing {
                return None;
            }
            queue.idle += 1;
            queue = self
                .arrived
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
            queue.idle -= 1;
        }
    }
}

/// The deadline has passed before anything was asked of the server.
pub(super) fn over() -> Error {
    Error::new(
        ErrorKind::Timeout,
        "the time was up before it began; nothing was done",
    )
}
