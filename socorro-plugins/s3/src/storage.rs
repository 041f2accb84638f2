use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use socorro_core::async_trait;
use socorro_core::context::Context;
use socorro_core::crash::{CrashId, DumpName, Dumps, ProcessedCrash, RawCrash, StoredId};
use socorro_core::error::{Applied, Error, ErrorKind, Result};
use socorro_core::plugin::author::{OpenContext, StoragePlugin};
use socorro_core::storage::{Capabilities, Catalog, CrashStorage, Health, ListPage, ListRequest};

use crate::bucket::Bucket;
use crate::config::{ConditionalWrites, StorageConfig};
use crate::connection::connect;
use crate::layout::Layout;
use crate::store::Store;

/// Crashes in a bucket of S3. See the [crate](crate) for what it promises.
///
/// Dropping the future of an operation stops it where it is; what was begun is never seen by half.
pub struct S3Storage {
    store: Arc<Store>,
}

#[async_trait]
impl StoragePlugin for S3Storage {
    type Config = StorageConfig;

    async fn open(config: StorageConfig, cx: &OpenContext) -> Result<Self> {
        config.check()?;
        if let Some(warning) = config.warning() {
            tracing::warn!(storage = cx.name, bucket = config.bucket, "{warning}");
        }
        let client = connect(&config).await?;
        let layout = Layout::new(&config.prefix);
        let older = config
            .older_prefixes
            .iter()
            .map(|prefix| Layout::new(prefix));
        let older = older.filter(|older| *older != layout).collect();
        let bucket = Bucket::new(client, &config);
        let store = Store::new(bucket, layout, older, config.list_legacy);
        store.reach().await?;
        let honours = match config.conditional_writes {
            ConditionalWrites::Auto => store.probe_conditions().await?,
            ConditionalWrites::Never => false,
        };
        tracing::debug!(
            storage = cx.name,
            conditional_writes = honours,
            "the bucket is there"
        );
        Ok(Self {
            store: Arc::new(store.honouring_conditions(honours)),
        })
    }
}

/// Runs an operation within its deadline.
async fn within<T>(
    cx: &Context,
    operation: &'static str,
    id: Option<&StoredId>,
    applied: Applied,
    work: impl Future<Output = Result<T>> + Send,
) -> Result<T> {
    let result = match cx.remaining() {
        None => work.await,
        Some(left) => match tokio::time::timeout(left, work).await {
            Ok(result) => result,
            Err(_) => Err(
                Error::new(ErrorKind::Timeout, "it was not done when its deadline came")
                    .with_applied(applied),
            ),
        },
    };
    result.map_err(|error| {
        let error = error.in_operation(operation);
        match id {
            Some(id) => error.for_crash(id),
            None => error,
        }
    })
}

/// Runs one that changes nothing.
async fn reading<T>(
    cx: &Context,
    operation: &'static str,
    id: Option<&StoredId>,
    work: impl Future<Output = Result<T>> + Send,
) -> Result<T> {
    let result = within(cx, operation, id, Applied::No, work).await;
    result.map_err(|error| error.with_applied(Applied::No))
}

/// Runs one that writes.
async fn writing(
    cx: &Context,
    operation: &'static str,
    id: &StoredId,
    work: impl Future<Output = Result<()>> + Send,
) -> Result<()> {
    within(cx, operation, Some(id), Applied::Unknown, work).await
}

#[async_trait]
impl CrashStorage for S3Storage {
    fn capabilities(&self) -> Capabilities {
        Capabilities::FULL | Capabilities::DURABLE
    }

    async fn save_raw_crash(
        &self,
        cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
    ) -> Result<()> {
        let work = self.store.save(id, raw.as_bytes(), dumps);
        writing(cx, "save_raw_crash", &id.into(), work).await
    }

    async fn save_processed_crash(
        &self,
        cx: &Context,
        id: &CrashId,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        let work = self.store.save_processed(id, processed.as_bytes().clone());
        writing(cx, "save_processed_crash", &id.into(), work).await
    }

    async fn save_raw_and_processed(
        &self,
        cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        let work = async {
            self.store.save(id, raw.as_bytes(), dumps).await?;
            let processed = processed.as_bytes().clone();
            self.store.put_processed(id, processed).await
        };
        writing(cx, "save_raw_and_processed", &id.into(), work).await
    }

    async fn get_raw_crash(&self, cx: &Context, id: &StoredId) -> Result<RawCrash> {
        let work = async { RawCrash::from_stored(self.store.raw(id).await?) };
        reading(cx, "get_raw_crash", Some(id), work).await
    }

    async fn get_dump(&self, cx: &Context, id: &StoredId, name: &DumpName) -> Result<Bytes> {
        reading(cx, "get_dump", Some(id), self.store.dump(id, name)).await
    }

    async fn get_dumps(&self, cx: &Context, id: &StoredId) -> Result<Dumps> {
        reading(cx, "get_dumps", Some(id), self.store.dumps(id)).await
    }

    async fn get_dumps_as_files(
        &self,
        cx: &Context,
        id: &StoredId,
        directory: &Path,
    ) -> Result<Dumps> {
        let work = self.store.dumps_as_files(id, directory);
        reading(cx, "get_dumps_as_files", Some(id), work).await
    }

    async fn get_unredacted_processed_crash(
        &self,
        cx: &Context,
        id: &StoredId,
    ) -> Result<ProcessedCrash> {
        let work = async { ProcessedCrash::from_stored(self.store.processed(id).await?) };
        reading(cx, "get_processed_crash", Some(id), work).await
    }

    async fn catalog(&self, cx: &Context, id: &StoredId) -> Result<Catalog> {
        reading(cx, "catalog", Some(id), self.store.catalog(id)).await
    }

    async fn list(&self, cx: &Context, request: &ListRequest) -> Result<ListPage> {
        reading(cx, "list", None, self.store.list(request)).await
    }

    async fn delete(&self, cx: &Context, id: &StoredId) -> Result<()> {
        writing(cx, "delete", id, self.store.delete(id)).await
    }

    async fn health(&self, cx: &Context) -> Result<Health> {
        reading(cx, "health", None, async { Ok(self.store.health().await) }).await
    }
}
