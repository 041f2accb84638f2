//! What a case works with: the storage, days and data of its own, and checks of a whole crash.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::conformance::check::{ensure, equal, fails_with, same_bytes, same_set};
use crate::conformance::data::{Maker, Sample};
use crate::conformance::subject::StorageSubject;
use crate::conformance::verdict::{Doing, Stop, Verdict};
use crate::context::Context;
use crate::crash::{
    CrashDate, CrashId, Dump, Dumps, ProcessedCrash, RawCrash, Redaction, StoredId,
};
use crate::error::ErrorKind;
use crate::storage::{Capabilities, Catalog, CrashStorage, Part};

/// The surroundings of one case.
pub(super) struct Stage<'a> {
    subject: &'a dyn StorageSubject,
    case: &'static str,
    storage: Mutex<Arc<dyn CrashStorage>>,
    is_closed: AtomicBool,
    first_day: CrashDate,
    pub(super) capabilities: Capabilities,
}

impl<'a> Stage<'a> {
    pub(super) fn new(
        subject: &'a dyn StorageSubject,
        case: &'static str,
        storage: Arc<dyn CrashStorage>,
        first_day: usize,
    ) -> Result<Self, Stop> {
        Ok(Self {
            subject,
            case,
            capabilities: storage.capabilities(),
            storage: Mutex::new(storage),
            is_closed: AtomicBool::new(false),
            first_day: nth_day(first_day)?,
        })
    }

    pub(super) fn storage(&self) -> Arc<dyn CrashStorage> {
        Arc::clone(&self.storage.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn has(&self, capabilities: Capabilities) -> bool {
        self.capabilities.contains(capabilities)
    }

    /// Whether dumps that are saved can be read.
    pub(super) fn keeps_dumps(&self) -> bool {
        self.has(Capabilities::GET_DUMPS) && !self.has(Capabilities::DECLINES_DUMPS)
    }

    /// The circumstances of an operation that is to succeed.
    pub(super) fn cx(&self) -> Context {
        Context::new().with_timeout(self.subject.patience())
    }

    /// What the case makes its data with.
    pub(super) fn maker(&self) -> Maker {
        let name = self
            .case
            .bytes()
            .fold(0, |hash: u64, byte| hash.wrapping_mul(31) ^ u64::from(byte));
        Maker::new(name ^ self.subject.seed().rotate_left(32))
    }

    /// One of the case's own days, counted from 0.
    pub(super) fn day(&self, number: usize) -> Result<CrashDate, Stop> {
        self.first_day
            .through(CrashDate::LAST)
            .nth(number)
            .ok_or_else(|| Stop::Failed("the suite ran out of days".to_owned()))
    }

    /// Saves a new whole raw crash of the case's first day.
    pub(super) async fn save_new(&self, maker: &mut Maker) -> Result<Sample, Stop> {
        let sample = maker.sample(self.day(0)?).doing("making a crash")?;
        self.save(&sample).await?;
        Ok(sample)
    }

    pub(super) async fn save(&self, sample: &Sample) -> Verdict {
        self.save_raw(&sample.id, &sample.raw, &sample.dumps).await
    }

    pub(super) async fn save_raw(&self, id: &CrashId, raw: &RawCrash, dumps: &Dumps) -> Verdict {
        let storage = self.storage();
        let saved = storage.save_raw_crash(&self.cx(), id, raw, dumps).await;
        saved.doing(format_args!("save_raw_crash of {id}"))
    }

    pub(super) async fn save_processed(&self, id: &CrashId, processed: &ProcessedCrash) -> Verdict {
        let storage = self.storage();
        let saved = storage
            .save_processed_crash(&self.cx(), id, processed)
            .await;
        saved.doing(format_args!("save_processed_crash of {id}"))
    }

    pub(super) async fn delete(&self, id: impl Into<StoredId>) -> Verdict {
        let id = id.into();
        let deleted = self.storage().delete(&self.cx(), &id).await;
        deleted.doing(format_args!("delete of {id}"))
    }

    pub(super) async fn catalog(&self, id: &StoredId) -> Result<Catalog, Stop> {
        let catalog = self.storage().catalog(&self.cx(), id).await;
        catalog.doing(format_args!("catalog of {id}"))
    }

    /// The raw crash and its dumps are there as they were saved, by every read that the storage supports.
    pub(super) async fn expect_saved(&self, sample: &Sample) -> Verdict {
        self.expect_raw(&sample.id, &sample.raw).await?;
        self.expect_dumps(&sample.id, &sample.dumps).await?;
        self.expect_catalog_of_raw(&sample.id, &sample.dumps).await
    }

    pub(super) async fn expect_raw(&self, id: &CrashId, raw: &RawCrash) -> Verdict {
        let what = format!("get_raw_crash of {id}");
        let seen = self.storage().get_raw_crash(&self.cx(), &id.into()).await;
        same_bytes(&what, seen.doing(&what)?.as_bytes(), raw.as_bytes())
    }

    pub(super) async fn expect_processed(
        &self,
        id: &CrashId,
        processed: &ProcessedCrash,
    ) -> Verdict {
        let what = format!("get_unredacted_processed_crash of {id}");
        let storage = self.storage();
        let seen = storage
            .get_unredacted_processed_crash(&self.cx(), &id.into())
            .await;
        same_bytes(&what, seen.doing(&what)?.as_bytes(), processed.as_bytes())
    }

    /// The dumps are these, all together and each by its name; nothing is checked where dumps are not kept.
    pub(super) async fn expect_dumps(&self, id: &CrashId, dumps: &Dumps) -> Verdict {
        if !self.keeps_dumps() {
            return Ok(());
        }
        let (storage, stored) = (self.storage(), StoredId::from(id));
        let what = format!("get_dumps of {id}");
        let seen = storage.get_dumps(&self.cx(), &stored).await.doing(&what)?;
        same_set(&what, seen.names(), dumps.names())?;
        for (name, dump) in dumps.iter() {
            let expected = dump.read().doing("reading the test's own dump")?;
            let Some(Dump::Bytes(seen)) = seen.get(name) else {
                return Err(Stop::Failed(format!(
                    "{what}: dump {name:?} should be in memory"
                )));
            };
            same_bytes(format_args!("{what}: dump {name:?}"), seen, &expected)?;
            let what = format!("get_dump of {id}, {name:?}");
            let alone = storage.get_dump(&self.cx(), &stored, name).await;
            same_bytes(&what, &alone.doing(&what)?, &expected)?;
        }
        Ok(())
    }

    async fn expect_catalog_of_raw(&self, id: &CrashId, dumps: &Dumps) -> Verdict {
        if !self.has(Capabilities::CATALOG) {
            return Ok(());
        }
        let catalog = self.catalog(&id.into()).await?;
        let what = format!("catalog of {id}");
        equal(
            format_args!("{what}: raw crash"),
            &catalog.has_raw_crash(),
            &true,
        )?;
        if self.keeps_dumps() {
            same_set(
                format_args!("{what}: dumps"),
                catalog.dump_names(),
                dumps.names(),
            )?;
        }
        Ok(())
    }

    /// The catalog lists exactly these parts; dumps are left out where they are not kept.
    pub(super) async fn expect_catalog(&self, id: &CrashId, parts: Vec<Part>) -> Verdict {
        let is_kept = |part: &Part| self.keeps_dumps() || !matches!(part, Part::Dump(_));
        let catalog = self.catalog(&id.into()).await?;
        let seen = catalog.entries.into_iter().map(|entry| entry.part);
        let expected = parts.into_iter().filter(is_kept);
        same_set(
            format_args!("catalog of {id}"),
            seen.filter(is_kept),
            expected,
        )
    }

    /// Nothing of the crash is to be seen by any read that the storage supports.
    pub(super) async fn expect_nothing(&self, id: impl Into<StoredId>) -> Verdict {
        let (id, storage, cx) = (id.into(), self.storage(), self.cx());
        let not_found = [ErrorKind::NotFound];
        if self.has(Capabilities::GET_RAW) {
            let read = storage.get_raw_crash(&cx, &id).await;
            fails_with(format_args!("get_raw_crash of {id}"), read, &not_found)?;
        }
        if self.has(Capabilities::GET_DUMPS) {
            let read = storage.get_dumps(&cx, &id).await;
            fails_with(format_args!("get_dumps of {id}"), read, &not_found)?;
            let read = storage.get_dump(&cx, &id, &Default::default()).await;
            fails_with(format_args!("get_dump of {id}"), read, &not_found)?;
        }
        if self.has(Capabilities::GET_PROCESSED) {
            let read = storage.get_unredacted_processed_crash(&cx, &id).await;
            let what = format!("get_unredacted_processed_crash of {id}");
            fails_with(what, read, &not_found)?;
            let redaction = Redaction::default();
            let read = storage.get_processed_crash(&cx, &id, &redaction).await;
            let what = format!("get_processed_crash of {id}");
            fails_with(what, read, &not_found)?;
        }
        if self.has(Capabilities::CATALOG) {
            let catalog = self.catalog(&id).await?;
            ensure(catalog.is_empty(), || {
                format!("catalog of {id}: expected nothing, saw {catalog:?}")
            })?;
        }
        Ok(())
    }

    /// Closes the instance and opens another on the same data.
    pub(super) async fn reopen(&self) -> Verdict {
        self.close().await?;
        let storage = match self.subject.reopen(self.case).await {
            Some(storage) => storage.doing("reopening the storage")?,
            None if self.has(Capabilities::DURABLE) => {
                return Err(Stop::Failed(
                    "it says that it is durable; let the subject reopen it".to_owned(),
                ));
            }
            None => {
                return Err(Stop::NotApplicable(
                    "its data does not outlive the instance".to_owned(),
                ));
            }
        };
        *self.storage.lock().unwrap_or_else(PoisonError::into_inner) = storage;
        self.is_closed.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Closes the instance unless that was done.
    pub(super) async fn close(&self) -> Verdict {
        if self.is_closed.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        self.storage().close(&self.cx()).await.doing("close")
    }
}

/// Days of cases begin in 2001, away from the edges that have cases of their own.
fn nth_day(number: usize) -> Result<CrashDate, Stop> {
    CrashDate::FIRST
        .through(CrashDate::LAST)
        .nth(366 + number)
        .ok_or_else(|| Stop::Failed("the suite ran out of days".to_owned()))
}
