//! Which set is in force, and where a part of it is.

use socorro_core::crash::{DumpName, StoredId};
use socorro_core::error::{Error, ErrorKind, Result};

use super::Store;
use crate::bucket::Object;
use crate::layout::{DUMP_NAMES, Layout};
use crate::set::{SetId, names_in_metadata, read_names};

/// A raw crash that is there.
pub(super) struct Found<'a> {
    /// The prefix it was found under; its parts are there too.
    pub(super) layout: &'a Layout,
    pub(super) key: String,
    pub(super) object: Object,
    /// `None` for one that the originals wrote.
    pub(super) set: Option<SetId>,
}

impl Store {
    /// The raw crash, with its bytes if they are wanted: under the prefix that is written, then the older ones, the
    /// newest scheme first.
    pub(super) async fn find_raw(
        &self,
        id: &StoredId,
        with_bytes: bool,
    ) -> Result<Option<Found<'_>>> {
        for layout in self.layouts() {
            let keys = layout.raws(id);
            let last = keys.len() - 1;
            for (place, key) in keys.into_iter().enumerate() {
                // The answer to a HEAD has no body, so it cannot say whether the key is missing or the bucket.
                let object = if with_bytes || place == last {
                    self.bucket.get(&key).await?
                } else {
                    self.bucket.head(&key).await?
                };
                if let Some(object) = object {
                    let set = object.set();
                    return Ok(Some(Found {
                        layout,
                        key,
                        object,
                        set,
                    }));
                }
            }
        }
        Ok(None)
    }

    /// The names of the dumps of a crash.
    pub(super) async fn names_of(&self, id: &StoredId, found: &Found<'_>) -> Result<Vec<DumpName>> {
        if let Some(names) = found.set.and(names_in_metadata(&found.object.metadata)) {
            return Ok(names);
        }
        match self.part(id, found, DUMP_NAMES, true).await? {
            Some(list) => read_names(&list.bytes),
            // The originals wrote the raw crash first; one that was cut short then has no dumps.
            None if found.set.is_none() => Ok(Vec::new()),
            None => Err(lost(DUMP_NAMES)),
        }
    }

    /// A part of the set that is in force.
    pub(super) async fn part(
        &self,
        id: &StoredId,
        found: &Found<'_>,
        thing: &str,
        with_bytes: bool,
    ) -> Result<Option<Object>> {
        let Some(set) = found.set else {
            return self.first(found.layout.things(thing, id), with_bytes).await;
        };
        let in_place = found.layout.thing(thing, id.as_str());
        let staged = found.layout.staged(id.as_str(), set, thing);
        // In place once more: it may have got there after the first look, and out of staging before the second.
        for key in [&in_place, &staged, &in_place] {
            let object = self.first([key.clone()], with_bytes).await?;
            if let Some(object) = object.filter(|object| object.set() == Some(set)) {
                return Ok(Some(object));
            }
        }
        Ok(None)
    }

    /// The first of these keys that is there.
    pub(super) async fn first(
        &self,
        keys: impl IntoIterator<Item = String>,
        with_bytes: bool,
    ) -> Result<Option<Object>> {
        for key in keys {
            let object = if with_bytes {
                self.bucket.get(&key).await?
            } else {
                self.bucket.head(&key).await?
            };
            if object.is_some() {
                return Ok(object);
            }
        }
        Ok(None)
    }
}

/// A part of a whole crash is gone, or of another set.
pub(super) fn lost(thing: &str) -> Error {
    Error::new(
        ErrorKind::Corrupt,
        format!(
            "{thing} is missing or belongs to another save of this crash; somebody else changed the bucket, or two processes saved different crashes under this id at the same time; save it again"
        ),
    )
}
