//! A storage in memory with one defect.
#![allow(clippy::unwrap_used, clippy::panic, reason = "help for tests")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use socorro_core::crash::{
    CrashId, Dump, DumpName, Dumps, ProcessedCrash, RawCrash, Redaction, StoredId,
};
use socorro_core::storage::{
    Capabilities, Catalog, CatalogEntry, CrashStorage, Health, ListPage, ListRequest, Part,
};
use socorro_core::{Bytes, Context, Error, ErrorKind, Result, async_trait};

use crate::defect::Defect;

pub(crate) struct Broken {
    inner: Arc<dyn CrashStorage>,
    defect: Defect,
    saves: AtomicUsize,
}

impl Broken {
    pub(crate) fn new(inner: Arc<dyn CrashStorage>, defect: Defect) -> Self {
        Self {
            inner,
            defect,
            saves: AtomicUsize::new(0),
        }
    }

    async fn exists(&self, cx: &Context, id: &StoredId) -> Result<bool> {
        Ok(!self.inner.catalog(cx, id).await?.is_empty())
    }

    /// Saves with the defects that concern other dumps than were given.
    async fn save_other_dumps(
        &self,
        cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
    ) -> Result<()> {
        let all = dumps.clone().into_iter();
        let other: Dumps = match self.defect {
            Defect::LosesADump => all.take(dumps.len().saturating_sub(1)).collect(),
            Defect::FoldsDumpNames => all
                .map(|(name, dump)| Ok((name.as_str().to_lowercase().parse()?, dump)))
                .collect::<Result<_>>()?,
            Defect::MergesDumps => {
                let old = self
                    .inner
                    .get_dumps(cx, &id.into())
                    .await
                    .unwrap_or_default();
                old.into_iter().chain(all).collect()
            }
            Defect::SkipsVanishedFiles => all
                .filter(|(_, dump)| !matches!(dump, Dump::File(path) if !path.exists()))
                .collect(),
            _ => all.collect(),
        };
        self.inner.save_raw_crash(cx, id, raw, &other).await
    }

    async fn save_in_steps(
        &self,
        cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
    ) -> Result<()> {
        self.inner
            .save_raw_crash(cx, id, raw, &Dumps::new())
            .await?;
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        let raw = match self.defect {
            Defect::SavesInTwoSteps => &self.inner.get_raw_crash(cx, &id.into()).await?,
            _ => raw,
        };
        self.inner.save_raw_crash(cx, id, raw, dumps).await
    }
}

fn error(kind: ErrorKind) -> Error {
    Error::new(kind, "a broken storage")
}

fn trimmed(document: &Bytes) -> String {
    String::from_utf8_lossy(document).trim().replace(" }", "}")
}

#[async_trait]
impl CrashStorage for Broken {
    fn capabilities(&self) -> Capabilities {
        let all = Capabilities::FULL | Capabilities::DURABLE;
        match self.defect {
            Defect::PromisesTooLittle => all - Capabilities::DELETE,
            _ => all,
        }
    }

    async fn save_raw_crash(
        &self,
        cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
    ) -> Result<()> {
        match self.defect {
            Defect::SavesTheRawCrashFirst | Defect::SavesInTwoSteps => {
                self.save_in_steps(cx, id, raw, dumps).await
            }
            Defect::KeepsTheFirst if self.exists(cx, &id.into()).await? => Ok(()),
            Defect::RefusesTheSecondSave if self.exists(cx, &id.into()).await? => {
                Err(error(ErrorKind::Conflict))
            }
            Defect::CannotDoMuchAtOnce => {
                let busy = self.saves.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                self.saves.fetch_sub(1, Ordering::Relaxed);
                if busy > 20 {
                    return Err(error(ErrorKind::Overloaded));
                }
                self.inner.save_raw_crash(cx, id, raw, dumps).await
            }
            Defect::TrimsDocuments => {
                let raw = RawCrash::from_stored(trimmed(raw.as_bytes()))?;
                self.inner.save_raw_crash(cx, id, &raw, dumps).await
            }
            Defect::RemovesDumpFiles => {
                self.inner.save_raw_crash(cx, id, raw, dumps).await?;
                for (_, dump) in dumps.iter() {
                    if let Dump::File(path) = dump {
                        std::fs::remove_file(path).unwrap();
                    }
                }
                Ok(())
            }
            _ => self.save_other_dumps(cx, id, raw, dumps).await,
        }
    }

    async fn save_processed_crash(
        &self,
        cx: &Context,
        id: &CrashId,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        match self.defect {
            Defect::ProcessedWantsRaw => drop(self.inner.get_raw_crash(cx, &id.into()).await?),
            Defect::ProcessedTakesRawAway => self.inner.delete(cx, &id.into()).await?,
            Defect::TrimsDocuments => {
                let processed = ProcessedCrash::from_stored(trimmed(processed.as_bytes()))?;
                return self.inner.save_processed_crash(cx, id, &processed).await;
            }
            _ => {}
        }
        self.inner.save_processed_crash(cx, id, processed).await
    }

    async fn get_raw_crash(&self, cx: &Context, id: &StoredId) -> Result<RawCrash> {
        match self.defect {
            Defect::Panics => panic!("a broken storage"),
            Defect::LegacyIsInvalid if id.crash_id().is_none() => {
                Err(error(ErrorKind::InvalidInput))
            }
            Defect::HangsWhenLate if cx.remaining() == Some(Duration::ZERO) => {
                std::future::pending().await
            }
            _ => self.inner.get_raw_crash(cx, id).await,
        }
    }

    async fn get_dump(&self, cx: &Context, id: &StoredId, name: &DumpName) -> Result<Bytes> {
        let dump = self.inner.get_dump(cx, id, name).await?;
        if self.defect == Defect::ChangesALargeDump && dump.len() >= 1 << 20 {
            let mut changed = dump.to_vec();
            changed[777_777] ^= 1;
            return Ok(changed.into());
        }
        Ok(dump)
    }

    async fn get_dumps(&self, cx: &Context, id: &StoredId) -> Result<Dumps> {
        let dumps = self.inner.get_dumps(cx, id).await;
        if self.defect == Defect::MissingHasNoDumps {
            return Ok(dumps.unwrap_or_default());
        }
        dumps
    }

    async fn get_dumps_as_files(
        &self,
        cx: &Context,
        id: &StoredId,
        directory: &Path,
    ) -> Result<Dumps> {
        if self.defect == Defect::LeavesAFile {
            std::fs::write(directory.join(".temporary"), "").unwrap();
        }
        self.inner.get_dumps_as_files(cx, id, directory).await
    }

    async fn get_unredacted_processed_crash(
        &self,
        cx: &Context,
        id: &StoredId,
    ) -> Result<ProcessedCrash> {
        self.inner.get_unredacted_processed_crash(cx, id).await
    }

    async fn get_processed_crash(
        &self,
        cx: &Context,
        id: &StoredId,
        redaction: &Redaction,
    ) -> Result<ProcessedCrash> {
        let processed = self.inner.get_unredacted_processed_crash(cx, id).await?;
        if self.defect == Defect::RedactsNothing {
            return Ok(processed);
        }
        let redacted = redaction.apply(&processed)?;
        if let (Defect::RedactsWhatIsStored, Some(id)) = (self.defect, id.crash_id()) {
            self.inner.save_processed_crash(cx, &id, &redacted).await?;
        }
        Ok(redacted)
    }

    async fn catalog(&self, cx: &Context, id: &StoredId) -> Result<Catalog> {
        let mut catalog = self.inner.catalog(cx, id).await?;
        if self.defect == Defect::CatalogInventsADump && catalog.has_raw_crash() {
            let part = Part::Dump(DumpName::default());
            if !catalog.has(&part) {
                catalog.entries.push(CatalogEntry { part, size: None });
            }
        }
        Ok(catalog)
    }

    async fn list(&self, cx: &Context, request: &ListRequest) -> Result<ListPage> {
        let mut request = request.clone();
        match self.defect {
            Defect::PromisesTooMuch => return Err(error(ErrorKind::Unsupported)),
            Defect::CursorMustExist => {
                if let Some(after) = &request.after {
                    self.inner.get_raw_crash(cx, after).await?;
                }
            }
            Defect::LeavesOutTheLastDay if request.from < request.to => {
                let mut days = request.from.through(request.to);
                request.to = days
                    .nth(request.from.through(request.to).count() - 2)
                    .unwrap();
            }
            _ => {}
        }
        let mut page = self.inner.list(cx, &request).await?;
        match self.defect {
            Defect::ReversesPages => page.ids.reverse(),
            Defect::OrdersByTextAlone => page.ids.sort_by_key(|id| id.to_string()),
            Defect::CursorIsInclusive => page.ids.extend(request.after),
            Defect::EmptyPageHasMore => page.more |= page.ids.is_empty(),
            Defect::ListsParts => {
                page.ids = page
                    .ids
                    .iter()
                    .flat_map(|id| [id.clone(), id.clone()])
                    .collect()
            }
            _ => {}
        }
        Ok(page)
    }

    async fn delete(&self, cx: &Context, id: &StoredId) -> Result<()> {
        match self.defect {
            Defect::DeleteWantsSomething if !self.exists(cx, id).await? => {
                Err(error(ErrorKind::NotFound))
            }
            Defect::DeletesNeighbours => {
                if let Some(day) = id.date() {
                    let page = self.inner.list(cx, &ListRequest::day(day)).await?;
                    let is_near = |other: &&StoredId| other.as_str()[..8] == id.as_str()[..8];
                    for neighbour in page.ids.iter().filter(is_near) {
                        self.inner.delete(cx, neighbour).await?;
                    }
                }
                Ok(())
            }
            Defect::DeleteLeavesTheProcessed => {
                let processed = self.inner.get_unredacted_processed_crash(cx, id).await;
                self.inner.delete(cx, id).await?;
                match (processed, id.crash_id()) {
                    (Ok(processed), Some(id)) => {
                        self.inner.save_processed_crash(cx, &id, &processed).await
                    }
                    _ => Ok(()),
                }
            }
            Defect::DeleteIsLate => Ok(()),
            Defect::MergesDumps => {
                // Only marks the raw crash as gone: its dumps come back with the next save.
                match (self.inner.get_dumps(cx, id).await, id.crash_id()) {
                    (Ok(dumps), Some(crash)) => {
                        let raw = self.inner.get_raw_crash(cx, id).await?;
                        self.inner.save_raw_crash(cx, &crash, &raw, &dumps).await
                    }
                    _ => Ok(()),
                }
            }
            _ => self.inner.delete(cx, id).await,
        }
    }

    async fn health(&self, cx: &Context) -> Result<Health> {
        match self.defect {
            Defect::IsUnhealthy => Ok(Health::unreachable("it is broken")),
            _ => self.inner.health(cx).await,
        }
    }

    /// The memory outlives its instances, so that it can be opened again.
    async fn close(&self, cx: &Context) -> Result<()> {
        match self.defect {
            Defect::CloseFails => Err(error(ErrorKind::Internal)),
            Defect::ForgetsAtClose => self.inner.close(cx).await,
            _ => Ok(()),
        }
    }
}
