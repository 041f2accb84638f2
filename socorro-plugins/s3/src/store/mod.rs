//! Crashes in a bucket: several objects each, written in an order in which every stop leaves them readable.
//!
//! # Saving
//!
//! Every object carries the set it is of (see [`set`](crate::set)); the raw crash names the set that is in force.
//! Writing the raw crash is the one step that changes what a reader sees.
//!
//! A crash of which nothing is there:
//!
//! 1. `dump_names`, on the condition that it is not there. Where the server does not honour conditions, a look whether
//!    it is there goes first. It comes before the dumps so that whatever a stop leaves can be found and deleted.
//! 2. The dumps. A stop up to here leaves no raw crash, so no crash; saving again writes over the leftovers.
//! 3. The raw crash, again on the condition that it is not there. A stop before it leaves no crash, after it a whole
//!    one. When the condition fails, another process saved the same id meanwhile, and it goes on as below.
//!
//! A crash of which something is there:
//!
//! * No raw crash, and `dump_names` of our set or none: a save like ours was cut short or is under way; steps 1 to 3
//!   without the first condition.
//! * The raw crash is of our set: the crash is saved. Every part is looked at and put there again where it is not of
//!   the set; nothing else is written.
//! * Anything else is a replacement:
//!   1. `dump_names` and dumps go to keys of their own below `staged/`. A stop leaves the old crash as it was; the
//!      leftovers are removed by the next save or delete of the id.
//!   2. The raw crash is written. From here on the new crash is in force: a reader finds that the parts in place are
//!      not of the set of the raw crash, and reads the staged ones.
//!   3. The dumps are written to their places, those that the new set does not have are deleted, then `dump_names` is
//!      written. A stop leaves old and new in place, but readers go by the set, and saving again finishes.
//!   4. A raw crash under an older key and the staged parts are deleted.
//!
//! The original Socorro knows nothing of sets: while a replacement is between step 2 and 3 it may see new and old
//! parts mixed. Two *processes* that save *different* crashes under one id at the same moment may end with parts of
//! both; readers of this plugin then get `Corrupt`, never a mixture, and saving once more mends it. Within a process
//! saves of one id wait for each other.
//!
//! # Deleting
//!
//! The names are read, then every key that the raw crash may have is deleted: from here on there is no crash. Then
//! everything else, and when all of it is gone `dump_names`, so that a delete that was cut short can be finished.
//!
//! | file | idea |
//! |---|---|
//! | `save` | the steps above |
//! | `find` | which set is in force, and where a part of it is |
//! | `read` | raw crash, dumps, processed crash, catalog |
//! | `delete` | removes every trace |
//! | `list` | ids by day |
//! | `health` | can the bucket be used, and what does the server honour |
//! | `turns` | one after another, by crash |

mod delete;
mod find;
mod health;
mod list;
mod read;
mod save;
mod turns;

use std::future::Future;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use socorro_core::crash::{CrashId, StoredId};
use socorro_core::error::Result;

use crate::bucket::{Bucket, Condition};
use crate::layout::{Layout, PROCESSED};
use turns::Turns;

/// Requests of one operation at a time.
const AT_ONCE: usize = 4;

/// Crashes in a bucket.
pub(crate) struct Store {
    bucket: Bucket,
    layout: Layout,
    older: Vec<Layout>,
    list_legacy: bool,
    /// Whether the server honours conditions.
    conditions: bool,
    turns: Turns,
}

impl Store {
    pub(crate) fn new(
        bucket: Bucket,
        layout: Layout,
        older: Vec<Layout>,
        list_legacy: bool,
    ) -> Self {
        Self {
            bucket,
            layout,
            older,
            list_legacy,
            conditions: false,
            turns: Turns::default(),
        }
    }

    /// What the server was found to do.
    pub(crate) fn honouring_conditions(self, conditions: bool) -> Self {
        Self { conditions, ..self }
    }

    /// Saves a processed crash. Where there is no raw crash a marker lets it be listed.
    pub(crate) async fn save_processed(&self, id: &CrashId, processed: Bytes) -> Result<()> {
        let raw = self.layout.raw(id);
        let (written, raw) =
            tokio::join!(self.put_processed(id, processed), self.bucket.head(&raw));
        written?;
        if raw?.is_none() {
            let marker = self.layout.marker(id.date(), id.as_str());
            let metadata = Default::default();
            self.bucket
                .put(&marker, Bytes::new(), metadata, Condition::Always)
                .await?;
        }
        Ok(())
    }

    /// Writes a processed crash whose raw crash is there.
    pub(crate) async fn put_processed(&self, id: &CrashId, processed: Bytes) -> Result<()> {
        let key = self.layout.thing(PROCESSED, id.as_str());
        let metadata = Default::default();
        self.bucket
            .put(&key, processed, metadata, Condition::Always)
            .await
            .map(drop)
    }

    /// Where crashes are looked for, the written prefix first.
    fn layouts(&self) -> impl Iterator<Item = &Layout> {
        std::iter::once(&self.layout).chain(&self.older)
    }

    /// The keys of a thing under every prefix.
    fn all_things(&self, thing: &str, id: &StoredId) -> Vec<String> {
        self.layouts()
            .flat_map(|layout| layout.things(thing, id))
            .collect()
    }
}

/// A few at a time, answers in order; the first failure ends it.
fn each<'a, F, T>(work: impl IntoIterator<Item = F>) -> BoxFuture<'a, Result<Vec<T>>>
where
    F: Future<Output = Result<T>> + Send + 'a,
    T: Send + 'a,
{
    let work: Vec<F> = work.into_iter().collect();
    stream::iter(work).buffered(AT_ONCE).try_collect().boxed()
}
