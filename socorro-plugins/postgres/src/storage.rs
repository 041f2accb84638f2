use std::path::Path;
use std::sync::Arc;

use socorro_core::crash::{CrashId, DumpName, Dumps, ProcessedCrash, RawCrash, StoredId};
use socorro_core::plugin::author::{OpenContext, StoragePlugin};
use socorro_core::storage::{Capabilities, Catalog, CrashStorage, Health, ListPage, ListRequest};
use socorro_core::{Bytes, Context, Result, async_trait};

use crate::config::{self, DumpsOption, StorageConfig};
use crate::connection::{Batcher, Database, Pool};
use crate::layout::Window;
use crate::retention::Retention;
use crate::save::{Item, Rules};
use crate::{health, layout, read, save};

/// Crashes in PostgreSQL. See the [crate](crate) for what it promises.
///
/// Operations run on threads of the instance. Dropping the future of one that has begun does not stop it: a
/// save ends whole, whether or not somebody still waits for it.
pub struct PostgresStorage {
    name: String,
    pool: Arc<Pool>,
    saves: Arc<Batcher<Item>>,
    rules: Arc<Rules>,
    /// Stops with the storage.
    _retention: Option<Retention>,
}

impl PostgresStorage {
    async fn ask<T: Send + 'static>(
        &self,
        cx: &Context,
        operation: &'static str,
        id: Option<&StoredId>,
        work: impl FnOnce(&Database) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.named(operation, id, self.pool.ask(cx, work).await)
    }

    async fn save(&self, cx: &Context, operation: &'static str, item: Item) -> Result<()> {
        let (rules, id) = (Arc::clone(&self.rules), StoredId::from(item.id));
        let saved = self
            .saves
            .ask(&self.pool, cx, item, move |database, batch| {
                save::run(database, &rules, batch);
            });
        self.named(operation, Some(&id), saved.await)
    }

    /// Puts names to an error.
    fn named<T>(
        &self,
        operation: &'static str,
        id: Option<&StoredId>,
        done: Result<T>,
    ) -> Result<T> {
        done.map_err(|error| {
            let error = error.in_operation(operation).at_storage(&self.name);
            match id {
                Some(id) => error.for_crash(id),
                None => error,
            }
        })
    }
}

#[async_trait]
impl StoragePlugin for PostgresStorage {
    type Config = StorageConfig;

    async fn open(config: StorageConfig, cx: &OpenContext) -> Result<Self> {
        if let Some(queue) = &config.queue {
            config::check_queue(queue)?;
        }
        let (pool, partition) = open(config.access(), &cx.name).await?;
        let most = config.max_partitions.unwrap_or(partition.most());
        let rules = Rules {
            window: Window {
                days: partition.days(),
                ahead: config::days(config.partition_ahead),
                most: i32::try_from(most).unwrap_or(i32::MAX),
            },
            keeps_dumps: config.dumps == DumpsOption::Stored,
            queue: config.queue.map(|name| (name, config.priority.rank())),
        };
        Ok(Self {
            name: cx.name.clone(),
            saves: Batcher::new(save::CAPACITY),
            rules: Arc::new(rules),
            _retention: config
                .retention
                .map(|kept| Retention::start(Arc::clone(&pool), config::days(kept))),
            pool,
        })
    }
}

/// Starts the threads and sees to the schema.
pub(crate) async fn open(
    access: config::Access,
    name: &str,
) -> Result<(Arc<Pool>, config::Partition)> {
    access.check()?;
    let database = Database::new(&access, name)?;
    let pool = Pool::start(database, access.connections, access.request_timeout)?;
    let opened = pool
        .ask(&Context::new(), move |database| {
            layout::open(database, &access)
        })
        .await;
    let partition = opened.map_err(|error| error.in_operation("open").at_storage(name))?;
    Ok((Arc::new(pool), partition))
}

#[async_trait]
impl CrashStorage for PostgresStorage {
    fn capabilities(&self) -> Capabilities {
        let all = Capabilities::FULL | Capabilities::DURABLE;
        if self.rules.keeps_dumps {
            all
        } else {
            all | Capabilities::DECLINES_DUMPS
        }
    }

    async fn save_raw_crash(
        &self,
        cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
    ) -> Result<()> {
        let item = Item {
            id: *id,
            raw: Some((raw.clone(), dumps.clone())),
            processed: None,
        };
        self.save(cx, "save_raw_crash", item).await
    }

    async fn save_processed_crash(
        &self,
        cx: &Context,
        id: &CrashId,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        let item = Item {
            id: *id,
            raw: None,
            processed: Some(processed.clone()),
        };
        self.save(cx, "save_processed_crash", item).await
    }

    async fn save_raw_and_processed(
        &self,
        cx: &Context,
        id: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        let item = Item {
            id: *id,
            raw: Some((raw.clone(), dumps.clone())),
            processed: Some(processed.clone()),
        };
        self.save(cx, "save_raw_and_processed", item).await
    }

    async fn get_raw_crash(&self, cx: &Context, id: &StoredId) -> Result<RawCrash> {
        let own = id.clone();
        self.ask(cx, "get_raw_crash", Some(id), move |database| {
            read::raw(database, &own)
        })
        .await
    }

    async fn get_dump(&self, cx: &Context, id: &StoredId, name: &DumpName) -> Result<Bytes> {
        let (own, name) = (id.clone(), name.clone());
        self.ask(cx, "get_dump", Some(id), move |database| {
            read::dump(database, &own, &name)
        })
        .await
    }

    async fn get_dumps(&self, cx: &Context, id: &StoredId) -> Result<Dumps> {
        let own = id.clone();
        self.ask(cx, "get_dumps", Some(id), move |database| {
            read::dumps(database, &own)
        })
        .await
    }

    async fn get_dumps_as_files(
        &self,
        cx: &Context,
        id: &StoredId,
        directory: &Path,
    ) -> Result<Dumps> {
        let (own, directory) = (id.clone(), directory.to_owned());
        self.ask(cx, "get_dumps_as_files", Some(id), move |database| {
            read::dumps_as_files(database, &own, &directory)
        })
        .await
    }

    async fn get_unredacted_processed_crash(
        &self,
        cx: &Context,
        id: &StoredId,
    ) -> Result<ProcessedCrash> {
        let own = id.clone();
        self.ask(cx, "get_processed_crash", Some(id), move |database| {
            read::processed(database, &own)
        })
        .await
    }

    async fn catalog(&self, cx: &Context, id: &StoredId) -> Result<Catalog> {
        let own = id.clone();
        self.ask(cx, "catalog", Some(id), move |database| {
            read::catalog(database, &own)
        })
        .await
    }

    async fn list(&self, cx: &Context, request: &ListRequest) -> Result<ListPage> {
        let request = request.clone();
        self.ask(cx, "list", None, move |database| {
            read::list(database, &request)
        })
        .await
    }

    async fn delete(&self, cx: &Context, id: &StoredId) -> Result<()> {
        let own = id.clone();
        self.ask(cx, "delete", Some(id), move |database| {
            read::delete(database, &own)
        })
        .await
    }

    async fn health(&self, cx: &Context) -> Result<Health> {
        self.ask(cx, "health", None, |database| Ok(health::health(database)))
            .await
    }

    async fn close(&self, cx: &Context) -> Result<()> {
        self.named("close", None, self.pool.close(cx).await)
    }
}
