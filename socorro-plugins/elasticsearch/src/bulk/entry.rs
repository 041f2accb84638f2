use socorro_core::Result;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::document::Document;

/// What is to be done to a document.
pub(super) enum Work {
    Save(Document),
    Delete,
}

/// One caller's document, and where its outcome goes.
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) index: String,
    pub(super) work: Work,
    /// Bytes, not counting the line in front.
    pub(super) size: usize,
    /// How often it was changed because the index refused it.
    pub(super) rounds: u32,
    answer: oneshot::Sender<Result<()>>,
    /// Its place in the queue, given back with the outcome.
    _room: (OwnedSemaphorePermit, OwnedSemaphorePermit),
}

impl Entry {
    pub(super) fn new(
        id: String,
        index: String,
        work: Work,
        size: usize,
        answer: oneshot::Sender<Result<()>>,
        room: (OwnedSemaphorePermit, OwnedSemaphorePermit),
    ) -> Self {
        Self {
            id,
            index,
            work,
            size,
            rounds: 0,
            answer,
            _room: room,
        }
    }

    /// The caller went away: nobody asks for it any more.
    pub(super) fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    /// Tells the caller. One that went away is no error.
    pub(super) fn done(self, outcome: Result<()>) {
        let outcome = outcome.map_err(|error| error.for_crash(&self.id));
        let _ = self.answer.send(outcome);
    }

    /// Appends its lines of a bulk request. Index and id need no escapes: both are of checked characters.
    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        let action = match self.work {
            Work::Save(_) => "index",
            Work::Delete => "delete",
        };
        let line = format!(
            "{{\"{action}\":{{\"_index\":\"{}\",\"_id\":\"{}\"}}}}\n",
            self.index, self.id
        );
        out.extend_from_slice(line.as_bytes());
        if let Work::Save(document) = &self.work {
            document.write_to(out);
            out.push(b'\n');
        }
    }
}
