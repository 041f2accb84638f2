use std::collections::BTreeSet;

use socorro_core::crash::{DumpName, StoredId};
use socorro_core::error::Result;

use super::{Store, each};
use crate::layout::{DUMP_NAMES, Layout, PROCESSED, thing_of};
use crate::set::{names_in_metadata, read_names};

impl Store {
    /// Removes every trace of a crash; the order is in the [module](super) above.
    pub(crate) async fn delete(&self, id: &StoredId) -> Result<()> {
        let _turn = self.turns.take(id.clone()).await;
        for layout in self.layouts() {
            self.delete_under(layout, id).await?;
        }
        Ok(())
    }

    async fn delete_under(&self, layout: &Layout, id: &StoredId) -> Result<()> {
        let raws = layout.raws(id);
        let mut names = BTreeSet::new();
        let (lists, heads) = tokio::join!(
            each(
                layout
                    .things(DUMP_NAMES, id)
                    .into_iter()
                    .map(|key| async move { self.bucket.get(&key).await })
            ),
            each(raws.iter().map(|key| self.bucket.head(key))),
        );
        for list in lists?.into_iter().flatten() {
            // One that cannot be read names nothing.
            names.extend(read_names(&list.bytes).unwrap_or_default());
        }
        for head in heads?.into_iter().flatten() {
            names.extend(names_in_metadata(&head.metadata).unwrap_or_default());
        }
        each(raws.iter().map(|key| self.bucket.delete(key))).await?;
        let keys = self.rest(layout, id, &names);
        each(keys.iter().map(|key| self.bucket.delete(key))).await?;
        self.clear_staged(layout, id).await?;
        let lists = layout.things(DUMP_NAMES, id);
        each(lists.iter().map(|key| self.bucket.delete(key)))
            .await
            .map(drop)
    }

    /// Everything but the raw crash, the names and what is staged.
    fn rest(&self, layout: &Layout, id: &StoredId, names: &BTreeSet<DumpName>) -> Vec<String> {
        let things = names.iter().map(thing_of).chain([PROCESSED]);
        let mut keys: Vec<String> = things.flat_map(|thing| layout.things(thing, id)).collect();
        keys.extend(id.date().map(|date| layout.marker(date, id.as_str())));
        keys
    }

    /// Removes what is staged for a crash.
    pub(super) async fn clear_staged(&self, layout: &Layout, id: &StoredId) -> Result<()> {
        let prefix = layout.all_staged(id.as_str());
        loop {
            let listing = self.bucket.list(&prefix, "", 1000).await?;
            each(listing.keys.iter().map(|key| self.bucket.delete(key))).await?;
            if !listing.more {
                return Ok(());
            }
        }
    }
}
