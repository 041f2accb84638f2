//! Saves and deletes of many callers, sent together.
//!
//! 1. A caller hands in its document and waits for the outcome of this one document. When the queue is full it
//!    waits for room before that.
//! 2. One task takes what is there, up to the present batch size, as soon as fewer than `bulk_requests` are under
//!    way: no document waits for others to come. Two documents of one crash are never under way together, so that
//!    the later one wins.
//! 3. Indices that are not known to be there are made. Where that fails, their documents fail.
//! 4. The answer has an outcome for each item, in order. A refused item that breaks the mapping goes back into the
//!    queue without the field; that is another document, no retry. Other refusals go to their caller, whose
//!    executor decides. An answer that does not match the request leaves all in doubt.
//! 5. A request that is too large for the server is parted; a document that alone is too large is refused.
//!
//! The batch size doubles while full batches are answered quickly, and halves when answers are slow or the server
//! asks for less.

mod entry;
mod limit;
mod outcome;
mod worker;

use std::sync::{Arc, Mutex, PoisonError};

use socorro_core::crash::StoredId;
use socorro_core::{Error, ErrorKind, Result};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::connection::Connection;
use crate::document::Document;
use crate::indices::Indices;
use entry::{Entry, Work};
use worker::Worker;

/// The queue and the task that empties it.
pub(crate) struct Bulk {
    /// Unbounded, because the permits bound it; `None` once it is closed.
    queue: Mutex<Option<mpsc::UnboundedSender<Entry>>>,
    slots: Arc<Semaphore>,
    kibibytes: Arc<Semaphore>,
    most_kibibytes: u32,
    worker: Mutex<Option<JoinHandle<()>>>,
}

impl Bulk {
    /// Starts the task; needs a runtime.
    pub(crate) fn start(
        config: &Config,
        connection: Arc<Connection>,
        indices: Arc<Indices>,
    ) -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        let worker = Worker::new(config, connection, indices, receiver);
        let most_kibibytes = u32::try_from(config.queue_size.0 >> 10).unwrap_or(u32::MAX >> 4);
        Self {
            queue: Mutex::new(Some(sender)),
            slots: Arc::new(Semaphore::new(config.queue_documents as usize)),
            kibibytes: Arc::new(Semaphore::new(most_kibibytes as usize)),
            most_kibibytes,
            worker: Mutex::new(Some(tokio::spawn(worker.run()))),
        }
    }

    /// Saves a document into its index; done when the server has it on disk.
    pub(crate) async fn save(&self, index: String, document: Document) -> Result<()> {
        let id = document.id().as_str().to_owned();
        let size = document.size();
        self.submit(id, index, Work::Save(document), size).await
    }

    /// Deletes the document of a crash. What is not there is no error.
    pub(crate) async fn delete(&self, index: String, id: &StoredId) -> Result<()> {
        self.submit(id.as_str().to_owned(), index, Work::Delete, 0)
            .await
    }

    async fn submit(&self, id: String, index: String, work: Work, size: usize) -> Result<()> {
        let kibibytes = u32::try_from(size >> 10)
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        let kibibytes = kibibytes.min(self.most_kibibytes);
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .map_err(|_| closed())?;
        let room = Arc::clone(&self.kibibytes)
            .acquire_many_owned(kibibytes)
            .await
            .map_err(|_| closed())?;
        let (answer, outcome) = oneshot::channel();
        let entry = Entry::new(id, index, work, size, answer, (slot, room));
        let sent = {
            let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue
                .as_ref()
                .is_some_and(|queue| queue.send(entry).is_ok())
        };
        if !sent {
            return Err(closed());
        }
        outcome.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Takes nothing more; waits until what was taken is done.
    pub(crate) async fn close(&self) {
        drop(
            self.queue
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let worker = self
            .worker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(worker) = worker
            && let Err(error) = worker.await
        {
            tracing::error!(%error, "the task that sends documents ended early");
        }
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Cancelled, "the storage was closed")
}
