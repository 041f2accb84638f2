use std::path::Path;

use bytes::Bytes;
use socorro_core::crash::{Dump, DumpName, Dumps, StoredId};
use socorro_core::error::{Error, ErrorKind, Result};
use socorro_core::storage::{Catalog, CatalogEntry, Part};

use super::find::{Found, lost};
use super::{Store, each};
use crate::bucket::Object;
use crate::layout::{PROCESSED, thing_of};

/// How often a crash may be replaced while it is read.
const ROUNDS: usize = 3;

/// Reads with `$read`; when a part is not of the set, and the crash was replaced or deleted meanwhile, reads again.
macro_rules! steadily {
    ($store:ident, $id:ident, $found:ident, $read:expr) => {{
        let mut $found = $found;
        let mut rounds = 1..ROUNDS;
        loop {
            match $read {
                Err(error) if error.kind() == ErrorKind::Corrupt && $found.set.is_some() => {
                    $found = $store.now($id, &$found, error).await?;
                }
                result => break result,
            }
            if rounds.next().is_none() {
                break Err(restless());
            }
        }
    }};
}

impl Store {
    pub(crate) async fn raw(&self, id: &StoredId) -> Result<Bytes> {
        let found = self.find_raw(id, true).await?;
        found.map_or_else(|| Err(nothing()), |found| Ok(found.object.bytes))
    }

    pub(crate) async fn processed(&self, id: &StoredId) -> Result<Bytes> {
        let object = self.first(self.all_things(PROCESSED, id), true).await?;
        object.map_or_else(|| Err(nothing()), |object| Ok(object.bytes))
    }

    pub(crate) async fn dump(&self, id: &StoredId, name: &DumpName) -> Result<Bytes> {
        let thing = thing_of(name);
        // Nearly always one look at the raw crash and one read of the dump, at the same time.
        let in_place = self.layout.thing(thing, id.as_str());
        let (found, dump) = tokio::join!(self.find_raw(id, false), self.bucket.get(&in_place));
        let found = found?.ok_or_else(nothing)?;
        if let (Some(set), Some(dump)) = (found.set, dump?)
            && dump.set() == Some(set)
            && *found.layout == self.layout
        {
            return Ok(dump.bytes);
        }
        steadily!(self, id, found, self.dump_of(id, &found, name).await)
    }

    async fn dump_of(&self, id: &StoredId, found: &Found<'_>, name: &DumpName) -> Result<Bytes> {
        let thing = thing_of(name);
        if found.set.is_some() && !self.names_of(id, found).await?.contains(name) {
            return Err(no_dump(name));
        }
        match self.part(id, found, thing, true).await? {
            Some(part) => Ok(part.bytes),
            None if found.set.is_none() => Err(no_dump(name)),
            None => Err(lost(thing)),
        }
    }

    pub(crate) async fn dumps(&self, id: &StoredId) -> Result<Dumps> {
        let found = self.find_raw(id, false).await?.ok_or_else(nothing)?;
        steadily!(self, id, found, self.dumps_of(id, &found).await)
    }

    async fn dumps_of(&self, id: &StoredId, found: &Found<'_>) -> Result<Dumps> {
        let parts = self.parts_of(id, found, true).await?;
        let dumps = parts.into_iter();
        Ok(dumps
            .map(|(name, part)| (name, Dump::Bytes(part.bytes)))
            .collect())
    }

    /// Every dump that is there.
    async fn parts_of(
        &self,
        id: &StoredId,
        found: &Found<'_>,
        with_bytes: bool,
    ) -> Result<Vec<(DumpName, Object)>> {
        let names = self.names_of(id, found).await?;
        let parts = each(names.into_iter().map(|name| async move {
            let part = self.part(id, found, thing_of(&name), with_bytes).await?;
            Ok(present(id, found, &name, part)?.map(|part| (name, part)))
        }));
        Ok(parts.await?.into_iter().flatten().collect())
    }

    pub(crate) async fn dumps_as_files(&self, id: &StoredId, directory: &Path) -> Result<Dumps> {
        let found = self.find_raw(id, false).await?.ok_or_else(nothing)?;
        steadily!(self, id, found, self.files_of(id, &found, directory).await)
    }

    async fn files_of(&self, id: &StoredId, found: &Found<'_>, directory: &Path) -> Result<Dumps> {
        let mut files = Files::default();
        for name in self.names_of(id, found).await? {
            let path = directory.join(format!("{id}.{name}.dump"));
            let part = self.part_to_file(id, found, thing_of(&name), &path).await?;
            if present(id, found, &name, part)?.is_some() {
                files.0.insert(name, path);
            }
        }
        Ok(files.keep())
    }

    pub(crate) async fn catalog(&self, id: &StoredId) -> Result<Catalog> {
        let (found, processed) = tokio::join!(
            self.find_raw(id, false),
            self.first(self.all_things(PROCESSED, id), false)
        );
        let mut entries = Vec::new();
        if let Some(found) = found? {
            entries = steadily!(self, id, found, self.entries_of(id, &found).await)?;
        }
        if let Some(processed) = processed? {
            entries.push(CatalogEntry {
                part: Part::ProcessedCrash,
                size: processed.size,
            });
        }
        Ok(Catalog { entries })
    }

    async fn entries_of(&self, id: &StoredId, found: &Found<'_>) -> Result<Vec<CatalogEntry>> {
        let raw = CatalogEntry {
            part: Part::RawCrash,
            size: found.object.size,
        };
        let dumps = self.parts_of(id, found, false).await?;
        let dumps = dumps.into_iter().map(|(name, part)| CatalogEntry {
            part: Part::Dump(name),
            size: part.size,
        });
        Ok([raw].into_iter().chain(dumps).collect())
    }

    /// What to read after a part was found to be of another set: the crash as it is now, unless it is the same.
    async fn now(&self, id: &StoredId, before: &Found<'_>, error: Error) -> Result<Found<'_>> {
        let now = self.find_raw(id, false).await?.ok_or_else(nothing)?;
        if now.set == before.set {
            Err(error)
        } else {
            Ok(now)
        }
    }

    async fn part_to_file(
        &self,
        id: &StoredId,
        found: &Found<'_>,
        thing: &str,
        path: &Path,
    ) -> Result<Option<Object>> {
        let keys = match found.set {
            None => found.layout.things(thing, id),
            Some(set) => vec![
                found.layout.thing(thing, id.as_str()),
                found.layout.staged(id.as_str(), set, thing),
                found.layout.thing(thing, id.as_str()),
            ],
        };
        for key in keys {
            let Some(object) = self.bucket.get_to_file(&key, path).await? else {
                continue;
            };
            if found.set.is_none() || object.set() == found.set {
                return Ok(Some(object));
            }
            // Of another set: the next place has to be tried, under the same name.
            let _ = std::fs::remove_file(path);
        }
        Ok(None)
    }
}

/// Files that are removed unless they are kept.
#[derive(Default)]
struct Files(Dumps);

impl Files {
    fn keep(mut self) -> Dumps {
        std::mem::take(&mut self.0)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        for (_, dump) in self.0.iter() {
            if let Dump::File(path) = dump {
                // Best effort: the read has failed already.
                let _ = std::fs::remove_file(path);
            }
        }
    }
}

/// A dump that is named must be there, but for crashes of the originals: they wrote the names before the dumps, and
/// one that was cut short has no more to give.
fn present(
    id: &StoredId,
    found: &Found<'_>,
    name: &DumpName,
    part: Option<Object>,
) -> Result<Option<Object>> {
    match part {
        None if found.set.is_some() => Err(lost(thing_of(name))),
        None => {
            tracing::warn!(%id, %name, "dump_names names a dump that is not there");
            Ok(None)
        }
        part => Ok(part),
    }
}

fn restless() -> Error {
    let message = "it is replaced again and again while it is read";
    Error::new(ErrorKind::Conflict, message).retryable(true)
}

fn nothing() -> Error {
    Error::new(ErrorKind::NotFound, "nothing of this crash is here")
}

fn no_dump(name: &DumpName) -> Error {
    Error::new(ErrorKind::NotFound, format!("the crash has no dump {name}"))
}
