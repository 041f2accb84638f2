//! Saves a crash; the steps are in the [module](super) above.

use std::collections::BTreeSet;

use bytes::Bytes;
use socorro_core::crash::{CrashId, DumpName, Dumps, StoredId};
use socorro_core::error::{Applied, Error, ErrorKind, Result};

use super::find::Found;
use super::{Store, each};
use crate::body::{Body, blocking};
use crate::bucket::Condition;
use crate::layout::{DUMP_NAMES, thing_of};
use crate::set::{SetId, names_in_metadata, read_names, write_names};

/// A crash to be saved.
struct New {
    id: CrashId,
    stored: StoredId,
    set: SetId,
    raw: Bytes,
    names: Vec<DumpName>,
    dumps: Vec<(DumpName, Body)>,
}

impl Store {
    pub(crate) async fn save(&self, id: &CrashId, raw: &Bytes, dumps: &Dumps) -> Result<()> {
        let new = New::of(id, raw, dumps).await?;
        let _turn = self.turns.take(new.stored.clone()).await;
        if self.claim(&new).await.map_err(unseen)? {
            self.put_dumps(&new).await.map_err(unseen)?;
            if self.commit(&new, self.condition()).await? {
                return Ok(());
            }
        }
        let list = self.layout.thing(DUMP_NAMES, id.as_str());
        let (found, list) =
            tokio::join!(self.find_raw(&new.stored, false), self.bucket.head(&list));
        let (found, list) = (found.map_err(unseen)?, list.map_err(unseen)?);
        match found {
            None if list.is_none_or(|list| list.set() == Some(new.set)) => self.resume(&new).await,
            Some(found) if found.set == Some(new.set) && found.key == self.layout.raw(id) => {
                self.settle(&new, Vec::new()).await.map_err(unseen)
            }
            found => self.replace(&new, found).await,
        }
    }

    /// Step 1 of a crash of which nothing is there; `false` when something is.
    async fn claim(&self, new: &New) -> Result<bool> {
        let key = self.layout.thing(DUMP_NAMES, new.id.as_str());
        if !self.conditions && self.bucket.head(&key).await?.is_some() {
            return Ok(false);
        }
        self.put_names(new, &key, self.condition()).await
    }

    fn condition(&self) -> Condition {
        if self.conditions {
            Condition::Absent
        } else {
            Condition::Always
        }
    }

    async fn put_names(&self, new: &New, key: &str, condition: Condition) -> Result<bool> {
        let list = write_names(&new.names);
        let metadata = new.set.metadata();
        self.bucket.put(key, list, metadata, condition).await
    }

    async fn put_dumps(&self, new: &New) -> Result<()> {
        each(new.dumps.iter().map(|(name, body)| async move {
            let key = self.layout.thing(thing_of(name), new.id.as_str());
            self.bucket.upload(&key, body, new.set.metadata()).await
        }))
        .await
        .map(drop)
    }

    /// The raw crash, which puts the set in force. Its failure alone may leave it unknown whether it did.
    async fn commit(&self, new: &New, condition: Condition) -> Result<bool> {
        let key = self.layout.raw(&new.id);
        let metadata = new.set.metadata_of_raw(&new.names);
        let raw = new.raw.clone();
        self.bucket.put(&key, raw, metadata, condition).await
    }

    /// Writes over what a save of this set left.
    async fn resume(&self, new: &New) -> Result<()> {
        let key = self.layout.thing(DUMP_NAMES, new.id.as_str());
        let always = Condition::Always;
        self.put_names(new, &key, always).await.map_err(unseen)?;
        self.put_dumps(new).await.map_err(unseen)?;
        if self.commit(new, self.condition()).await? {
            return Ok(());
        }
        let message = "another process saved this crash at the same time";
        Err(Error::new(ErrorKind::Conflict, message).retryable(true))
    }

    async fn replace(&self, new: &New, found: Option<Found<'_>>) -> Result<()> {
        self.stage(new).await.map_err(unseen)?;
        self.commit(new, Condition::Always).await?;
        let finish = async {
            let before = found.as_ref();
            let before = before.and_then(|found| names_in_metadata(&found.object.metadata));
            self.settle(new, before.unwrap_or_default()).await?;
            let older = found.map(|found| found.key);
            if let Some(key) = older.filter(|key| *key != self.layout.raw(&new.id)) {
                self.bucket.delete(&key).await?;
            }
            self.clear_staged(&self.layout, &new.stored).await
        };
        finish
            .await
            .map_err(|error: Error| error.retryable(true).with_applied(Applied::Yes))
    }

    async fn stage(&self, new: &New) -> Result<()> {
        let (id, set) = (new.id.as_str(), new.set);
        let list = self.layout.staged(id, set, DUMP_NAMES);
        self.put_names(new, &list, Condition::Always).await?;
        each(new.dumps.iter().map(|(name, body)| async move {
            let key = self.layout.staged(id, set, thing_of(name));
            self.bucket.upload(&key, body, new.set.metadata()).await
        }))
        .await
        .map(drop)
    }

    /// Puts every part of the set that is in force in its place, and takes away those that it does not have.
    /// `before` are dumps of the set that was in force.
    async fn settle(&self, new: &New, before: Vec<DumpName>) -> Result<()> {
        each(new.dumps.iter().map(|(name, body)| async move {
            let key = self.layout.thing(thing_of(name), new.id.as_str());
            let there = self.bucket.head(&key).await?;
            if there.and_then(|there| there.set()) == Some(new.set) {
                return Ok(());
            }
            self.bucket.upload(&key, body, new.set.metadata()).await
        }))
        .await?;
        let key = self.layout.thing(DUMP_NAMES, new.id.as_str());
        let list = self.bucket.get(&key).await?;
        if list.as_ref().and_then(|list| list.set()) == Some(new.set) {
            return Ok(());
        }
        // A list that cannot be read names nothing that could be deleted.
        let listed = list.and_then(|list| read_names(&list.bytes).ok());
        let before: BTreeSet<DumpName> = before
            .into_iter()
            .chain(listed.unwrap_or_default())
            .collect();
        let surplus = before.iter().filter(|name| !new.names.contains(name));
        each(surplus.map(|name| async move {
            let key = self.layout.thing(thing_of(name), new.id.as_str());
            self.bucket.delete(&key).await
        }))
        .await?;
        self.put_names(new, &key, Condition::Always).await?;
        self.clear_staged(&self.layout, &new.stored).await
    }
}

impl New {
    async fn of(id: &CrashId, raw: &Bytes, dumps: &Dumps) -> Result<Self> {
        let has_files = dumps
            .iter()
            .any(|(_, dump)| matches!(dump, socorro_core::crash::Dump::File(_)));
        let dumps = if has_files {
            let dumps = dumps.clone();
            blocking(move || Body::open_all(&dumps)).await?
        } else {
            Body::open_all(dumps)?
        };
        Ok(Self {
            id: *id,
            stored: id.into(),
            set: SetId::of(raw, &dumps).await?,
            raw: raw.clone(),
            names: dumps.iter().map(|(name, _)| name.clone()).collect(),
            dumps,
        })
    }
}

/// A failure of a step that no reader sees, whether it was done or not.
fn unseen(error: Error) -> Error {
    error.with_applied(Applied::No)
}
