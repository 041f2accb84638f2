//! Saving, several crashes in one transaction.
//!
//! # The protocol
//!
//! 1. A thread takes what waits, at most 64 crashes and 16 MiB, each id once, in the order of ids. Dumps that
//!    are files are read. *One cannot be read:* its crash fails with `InvalidInput`, the others go on.
//! 2. The partitions are seen to, outside of the transaction. *Fails:* so do the crashes, nothing is applied.
//! 3. In one transaction, in this order, which is the same everywhere and so makes no deadlocks: the rows of raw
//!    crashes, inserted or replaced where they differ; for those that were replaced, the old dumps deleted;
//!    for those that were inserted or replaced, the dumps copied in, and the id queued; the rows of processed
//!    crashes. A raw crash that is the same as before, by its bytes and the digest of its dumps, is left
//!    as it is, and so are its dumps and the queue.
//! 4. *A statement fails:* the transaction is rolled back, and each crash has one of its own, so that only the
//!    one at fault fails. There, dumps that are in the table without a raw crash are deleted, and a document
//!    that `jsonb` refuses is saved without its queryable form. *The server is gone or full:* all fail alike, and nothing is applied.
//! 5. Commit. *The connection is cut before the answer:* on a new connection each crash is looked up. Is what
//!    was wanted there, it is done. Otherwise it fails with `applied` unknown: the server may be at it still.

mod content;
mod read_back;
mod rows;

use socorro_core::crash::{CrashId, Dumps, ProcessedCrash, RawCrash};
use socorro_core::error::Applied;
use socorro_core::{Error, ErrorKind, Result};

use crate::connection::{Batchable, Database, Waiter};
use crate::layout::{Day, Window};
use content::Content;

/// Bytes in one transaction: enough for a hundred crashes, and not much to do again.
pub(crate) const CAPACITY: usize = 16 << 20;

/// What one instance does with every crash.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) window: Window,
    /// Are dumps kept?
    pub(crate) keeps_dumps: bool,
    /// The queue for the ids of new raw crashes, and their rank in it.
    pub(crate) queue: Option<(String, i16)>,
}

/// One crash to be saved.
pub(crate) struct Item {
    pub(crate) id: CrashId,
    pub(crate) raw: Option<(RawCrash, Dumps)>,
    pub(crate) processed: Option<ProcessedCrash>,
}

impl Batchable for Item {
    fn weight(&self) -> usize {
        let raw = self.raw.as_ref().map_or(0, |(raw, dumps)| {
            // How large files are is not known before they are read.
            let has_files = dumps
                .iter()
                .any(|(_, dump)| matches!(dump, socorro_core::crash::Dump::File(_)));
            let files = if has_files { CAPACITY } else { 0 };
            raw.as_bytes().len() + dumps.bytes_in_memory() + files
        });
        let processed = self.processed.as_ref();
        raw + processed.map_or(0, |processed| processed.as_bytes().len())
    }

    fn goes_with(&self, other: &Self) -> bool {
        self.id != other.id
    }
}

/// Saves these and answers each.
pub(crate) fn run(database: &Database, rules: &Rules, batch: Vec<Waiter<Item>>) {
    let mut ready = Vec::with_capacity(batch.len());
    for (item, ticket) in batch {
        match Content::of(item, rules.keeps_dumps) {
            Ok(content) => ready.push((content, ticket)),
            Err(error) => drop(ticket.answer(Err(error))),
        }
    }
    ready.sort_by_key(|(content, _)| content.key());
    let (contents, tickets): (Vec<_>, Vec<_>) = ready.into_iter().unzip();
    let outcomes = save_all(database, rules, contents);
    for (ticket, outcome) in tickets.into_iter().zip(outcomes) {
        // Whoever gave up meanwhile needs no answer.
        let _ = ticket.answer(outcome);
    }
}

/// One outcome for each, in order.
fn save_all(database: &Database, rules: &Rules, mut contents: Vec<Content>) -> Vec<Result<()>> {
    match save(database, rules, &contents, Rows::AsExpected) {
        Ok(()) => contents.iter().map(|_| Ok(())).collect(),
        Err(error) if error.applied() == Applied::Unknown => {
            read_back::resolve(database, &contents, &error)
        }
        Err(error) if may_be_one(&error) => contents
            .iter_mut()
            .map(|content| save_alone(database, rules, content))
            .collect(),
        Err(error) => contents.iter().map(|_| Err(error.clone())).collect(),
    }
}

/// Could one crash be the reason, and the others fare better without it?
fn may_be_one(error: &Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::Unavailable
            | ErrorKind::PermissionDenied
            | ErrorKind::InvalidConfig
            | ErrorKind::Throttled
    )
}

fn save_alone(database: &Database, rules: &Rules, content: &mut Content) -> Result<()> {
    let mut outcome = try_alone(database, rules, content);
    if let Err(error) = &outcome
        && error.kind() == ErrorKind::InvalidInput
        && content.refuse_json(error.message())
    {
        outcome = try_alone(database, rules, content);
    }
    outcome
}

fn try_alone(database: &Database, rules: &Rules, content: &Content) -> Result<()> {
    let one = std::slice::from_ref(content);
    match save(database, rules, one, Rows::Any) {
        Err(error) if error.applied() == Applied::Unknown => {
            let resolved = read_back::resolve(database, one, &error);
            resolved.into_iter().next().unwrap_or(Err(error))
        }
        other => other,
    }
}

/// What may be in the tables already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rows {
    /// What this plugin leaves there: no dumps without their raw crash.
    AsExpected,
    /// Anything: something went wrong before.
    Any,
}

fn save(database: &Database, rules: &Rules, contents: &[Content], rows: Rows) -> Result<()> {
    if contents.is_empty() {
        return Ok(());
    }
    let days = contents.iter().map(|content| Day::from(content.id.date()));
    database.with(|session| database.partitions.ensure(session, &rules.window, days))?;
    database.transaction("save", |session| {
        rows::write(session, rules, contents, rows)
    })
}
