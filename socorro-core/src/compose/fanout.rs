mod turns;

use std::collections::BTreeSet;
use std::future::Future;
use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::join_all;

use self::turns::Turns;
use crate::context::Context;
use crate::crash::{CrashId, DumpName, Dumps, ProcessedCrash, RawCrash, Redaction, StoredId};
use crate::error::{Applied, ChildOutcome, Error, ErrorKind, Result, Scope};
use crate::live::StorageHandle;
use crate::storage::{Capabilities, Catalog, Check, CrashStorage, Health, ListPage, ListRequest};

/// Saves to all its stores at once; Socorro's PolyCrashStorage.
///
/// * **Saves and deletes** go in parallel to every store that can do them. All are always tried. When one
///   fails the whole fails, with one error that tells the outcome of each store.
///   Changes of one crash go one after the other, so that every store ends with the same one.
/// * **Reads** come from the first store, in the order configured, that has what is asked for. `NotFound`
///   only when every store says so; while one cannot be asked, the answer is its error.
/// * **`list` and `catalog`** are the union of all stores, because what is in any of them can be read.
#[derive(Debug)]
pub struct Fanout {
    stores: Vec<StorageHandle>,
    turns: Turns,
}

impl Fanout {
    /// A fanout over these stores, in the order in which they are read.
    pub fn new(stores: Vec<StorageHandle>) -> Self {
        Self {
            stores,
            turns: Turns::default(),
        }
    }

    /// Runs `operation` on every store that has `needed`, all at once, and fails when one of them did.
    async fn everywhere<F, Fut>(
        &self,
        cx: &Context,
        id: &StoredId,
        name: &str,
        needed: Capabilities,
        operation: F,
    ) -> Result<()>
    where
        F: Fn(StorageHandle) -> Fut,
        Fut: Future<Output = Result<()>>,
    {
        let able = self.able(cx, name, needed)?;
        let _turn = self.turns.take(cx, id).await?;
        let outcomes = join_all(able.iter().map(|store| operation(store.clone()))).await;
        let children = able
            .iter()
            .zip(outcomes)
            .map(|(store, outcome)| ChildOutcome {
                storage: store.name().to_owned(),
                error: outcome.err(),
            });
        judge(children.collect())
    }

    /// Asks the stores that have `needed`, one after the other, until one answers.
    async fn first<T, F, Fut>(
        &self,
        cx: &Context,
        name: &str,
        needed: Capabilities,
        operation: F,
    ) -> Result<T>
    where
        F: Fn(StorageHandle) -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        let mut children = Vec::new();
        for store in &self.stores {
            let store = store.within(cx);
            if !store.capabilities().contains(needed) {
                continue;
            }
            match operation(store.clone()).await {
                Ok(found) => return Ok(found),
                Err(error) => {
                    children.push(ChildOutcome {
                        storage: store.name().to_owned(),
                        error: Some(error),
                    });
                }
            }
        }
        Err(
            match children
                .iter()
                .filter_map(|child| child.error.as_ref())
                .find(|error| !error.is_not_found())
            {
                Some(error) => summary(error, "could not be read from any store", children.clone()),
                None if children.is_empty() => Error::new(
                    ErrorKind::Unsupported,
                    format!("none of the stores supports {name}"),
                ),
                None => {
                    Error::new(ErrorKind::NotFound, "in none of the stores").with_children(children)
                }
            },
        )
    }
}

/// One error of the outcomes, or success when all succeeded.
fn judge(children: Vec<ChildOutcome>) -> Result<()> {
    let failed: Vec<&Error> = children
        .iter()
        .filter_map(|child| child.error.as_ref())
        .collect();
    // What does not pass by itself weighs more than what does: the whole cannot succeed before it is mended.
    let Some(worst) = failed
        .iter()
        .find(|error| !error.is_retryable())
        .or(failed.first())
    else {
        return Ok(());
    };
    let landed =
        failed.len() < children.len() || failed.iter().any(|error| error.applied() != Applied::No);
    let message = format!("{} of {} stores failed", failed.len(), children.len());
    let mut error = summary(worst, &message, children.clone());
    if landed {
        error = error.with_applied(Applied::Unknown);
    }
    Err(error)
}

fn summary(worst: &Error, message: &str, children: Vec<ChildOutcome>) -> Error {
    let error = Error::new(worst.kind(), message)
        .retryable(worst.is_retryable())
        .with_scope(if worst.scope() == Scope::Item {
            Scope::Item
        } else {
            Scope::Store
        });
    let waits = children
        .iter()
        .filter_map(|child| child.error.as_ref()?.retry_after());
    match waits.max() {
        Some(wait) => error.with_retry_after(wait),
        None => error,
    }
    .with_children(children)
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CrashStorage for Fanout {
    fn capabilities(&self) -> Capabilities {
        union(self.stores.iter().map(StorageHandle::capabilities))
    }

    async fn save_raw_crash(
        &self,
        cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
    ) -> Result<()> {
        self.everywhere(
            cx,
            &id.into(),
            "save_raw_crash",
            Capabilities::SAVE_RAW,
            |store| async move { store.save_raw_crash(id, raw, dumps).await },
        )
        .await
    }

    async fn save_processed_crash(
        &self,
        cx: &Context,
        id: &CrashId,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        self.everywhere(
            cx,
            &id.into(),
            "save_processed_crash",
            Capabilities::SAVE_PROCESSED,
            |store| async move { store.save_processed_crash(id, processed).await },
        )
        .await
    }

    async fn save_raw_and_processed(
        &self,
        cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        // A store may take only one of the two, but each has to be taken by one.
        self.able(cx, "save_raw_crash", Capabilities::SAVE_RAW)?;
        self.able(cx, "save_processed_crash", Capabilities::SAVE_PROCESSED)?;
        self.everywhere(
            cx,
            &id.into(),
            "save_raw_and_processed",
            Capabilities::empty(),
            |store| async move {
                let can = store.capabilities();
                match (
                    can.contains(Capabilities::SAVE_RAW),
                    can.contains(Capabilities::SAVE_PROCESSED),
                ) {
                    (true, true) => {
                        store
                            .save_raw_and_processed(id, raw, dumps, processed)
                            .await
                    }
                    (true, false) => store.save_raw_crash(id, raw, dumps).await,
                    (false, true) => store.save_processed_crash(id, processed).await,
                    (false, false) => Ok(()),
                }
            },
        )
        .await
    }

    async fn get_raw_crash(&self, cx: &Context, id: &StoredId) -> Result<RawCrash> {
        self.first(
            cx,
            "get_raw_crash",
            Capabilities::GET_RAW,
            |store| async move { store.get_raw_crash(id).await },
        )
        .await
    }

    async fn get_dump(&self, cx: &Context, id: &StoredId, name: &DumpName) -> Result<Bytes> {
        self.first(
            cx,
            "get_dump",
            Capabilities::GET_DUMPS,
            |store| async move { store.get_dump(id, name).await },
        )
        .await
    }

    async fn get_dumps(&self, cx: &Context, id: &StoredId) -> Result<Dumps> {
        self.first(
            cx,
            "get_dumps",
            Capabilities::GET_DUMPS,
            |store| async move { store.get_dumps(id).await },
        )
        .await
    }

    async fn get_dumps_as_files(
        &self,
        cx: &Context,
        id: &StoredId,
        directory: &Path,
    ) -> Result<Dumps> {
        self.first(
            cx,
            "get_dumps_as_files",
            Capabilities::GET_DUMPS,
            |store| async move { store.get_dumps_as_files(id, directory).await },
        )
        .await
    }

    async fn get_unredacted_processed_crash(
        &self,
        cx: &Context,
        id: &StoredId,
    ) -> Result<ProcessedCrash> {
        self.first(
            cx,
            "get_processed_crash",
            Capabilities::GET_PROCESSED,
            |store| async move { store.get_unredacted_processed_crash(id).await },
        )
        .await
    }

    async fn get_processed_crash(
        &self,
        cx: &Context,
        id: &StoredId,
        redaction: &Redaction,
    ) -> Result<ProcessedCrash> {
        redaction.apply(&self.get_unredacted_processed_crash(cx, id).await?)
    }

    async fn catalog(&self, cx: &Context, id: &StoredId) -> Result<Catalog> {
        let able = self.able(cx, "catalog", Capabilities::CATALOG)?;
        let mut union = Catalog::default();
        for catalog in join_all(able.iter().map(|store| store.catalog(id))).await {
            for entry in catalog?.entries {
                if !union.has(&entry.part) {
                    union.entries.push(entry);
                }
            }
        }
        union.entries.sort_by(|a, b| a.part.cmp(&b.part));
        Ok(union)
    }

    async fn list(&self, cx: &Context, request: &ListRequest) -> Result<ListPage> {
        let able = self.able(cx, "list", Capabilities::LIST)?;
        let pages: Result<Vec<ListPage>> = join_all(able.iter().map(|store| store.list(request)))
            .await
            .into_iter()
            .collect();
        Ok(merge(pages?, request.limit))
    }

    async fn delete(&self, cx: &Context, id: &StoredId) -> Result<()> {
        self.everywhere(cx, id, "delete", Capabilities::DELETE, |store| async move {
            store.delete(id).await
        })
        .await
    }

    async fn health(&self, cx: &Context) -> Result<Health> {
        let mut worst = Health::ok();
        for store in &self.stores {
            let health = store.within(cx).health().await?;
            if let Some((check, why)) = health.failure() {
                let failed = Check::Failed(format!("{}: {why}", store.name()));
                match check {
                    "reachable" => worst.reachable = failed,
                    "authenticated" => worst.authenticated = failed,
                    _ => worst.writable = failed,
                }
            }
        }
        Ok(worst)
    }

    async fn close(&self, _: &Context) -> Result<()> {
        Ok(())
    }
}

impl Fanout {
    fn able(&self, cx: &Context, name: &str, needed: Capabilities) -> Result<Vec<StorageHandle>> {
        let able: Vec<_> = self
            .stores
            .iter()
            .map(|s| s.within(cx))
            .filter(|s| s.capabilities().contains(needed))
            .collect();
        if able.is_empty() {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("none of the stores supports {name}"),
            ));
        }
        Ok(able)
    }
}

/// What stores can do together: an operation when one of them can, a guarantee when all of them give it.
pub(crate) fn union(stores: impl Iterator<Item = Capabilities> + Clone) -> Capabilities {
    let able = stores
        .clone()
        .fold(Capabilities::empty(), |able, store| able | store);
    let durable = stores.fold(Capabilities::DURABLE, |durable, store| durable & store);
    able.difference(Capabilities::DURABLE) | durable
}

/// The first `limit` ids of all pages together. A page that says more follow hides what a store has after
/// its last id, so nothing beyond the earliest such end may be shown.
fn merge(pages: Vec<ListPage>, limit: u32) -> ListPage {
    let end = pages
        .iter()
        .filter(|page| page.more)
        .filter_map(|page| page.ids.last())
        .min()
        .cloned();
    let mut more = end.is_some();
    let ids: BTreeSet<StoredId> = pages.into_iter().flat_map(|page| page.ids).collect();
    let shown = |id: &StoredId| end.as_ref().is_none_or(|end| id <= end);
    more |= ids.iter().any(|id| !shown(id));
    let mut ids: Vec<StoredId> = ids.into_iter().filter(shown).collect();
    if ids.len() > limit as usize {
        ids.truncate(limit as usize);
        more = true;
    }
    ListPage { ids, more }
}

#[cfg(test)]
mod tests;
