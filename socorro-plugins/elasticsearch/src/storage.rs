//! The storage: processed crashes, one document each.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use reqwest::Method;
use serde::Deserialize;
use socorro_core::crash::{CrashId, ProcessedCrash, StoredId};
use socorro_core::plugin::Resource;
use socorro_core::plugin::author::{OpenContext, StoragePlugin};
use socorro_core::storage::{
    Capabilities, Catalog, CatalogEntry, CrashStorage, Health, ListPage, ListRequest, Part,
};
use socorro_core::{Context, Error, ErrorKind, Result};
use tokio::task::JoinHandle;

use crate::bulk::Bulk;
use crate::config::Config;
use crate::connection::{Answer, Connection, Request};
use crate::document::{Document, Maker};
use crate::indices::Indices;
use crate::{health, list, retention};

/// A processed crash of more bytes is turned into its document on a thread for such work.
const LARGE: usize = 64 << 10;

/// Processed crashes in the weekly indices of an Elasticsearch or OpenSearch cluster.
pub struct ElasticsearchStorage {
    capabilities: Capabilities,
    connection: Arc<Connection>,
    indices: Arc<Indices>,
    maker: Arc<Maker>,
    bulk: Bulk,
    /// The most bytes of an answer that has a whole document.
    largest: usize,
    retention: Mutex<Option<JoinHandle<()>>>,
}

impl ElasticsearchStorage {
    async fn document(&self, id: CrashId, processed: &ProcessedCrash) -> Result<Document> {
        if processed.as_bytes().len() <= LARGE {
            return self.maker.make(id, processed);
        }
        let (maker, processed) = (Arc::clone(&self.maker), processed.clone());
        tokio::task::spawn_blocking(move || maker.make(id, &processed))
            .await
            .map_err(|error| {
                Error::new(ErrorKind::Internal, "making the document ended early").caused_by(&error)
            })?
    }

    /// The document of a crash, these parts of it; `None` when it, or its index, is not there. Sees every save
    /// that was acknowledged: a get by id does not wait for a refresh.
    async fn get(&self, id: &StoredId, parts: &str) -> Result<Option<Source>> {
        let Some(day) = id.date() else {
            return Ok(None);
        };
        let index = self.indices.name(day);
        let doing = format!("read from the index {index}");
        let path = format!("{index}/_doc/{id}?_source_includes={parts}");
        let request = Request::new(Method::GET, path, &doing).answer_of_at_most(self.largest);
        let answer: Answer = self.connection.send(request).await?;
        if answer.status() == 404 {
            return match answer.refused().kind.as_str() {
                "" | "index_not_found_exception" => Ok(None),
                _ => Err(answer.into_error(&doing, false)),
            };
        }
        let found: Found = answer.success(&doing, false)?;
        Ok(found.source.filter(|_| found.found))
    }
}

#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    found: bool,
    #[serde(rename = "_source", default)]
    source: Option<Source>,
}

#[derive(Deserialize)]
struct Source {
    #[serde(default)]
    document: Option<String>,
    #[serde(default)]
    document_size: Option<u64>,
}

#[async_trait]
impl CrashStorage for ElasticsearchStorage {
    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    async fn save_processed_crash(
        &self,
        _cx: &Context,
        id: &CrashId,
        processed: &ProcessedCrash,
    ) -> Result<()> {
        let document = self.document(*id, processed).await?;
        self.bulk.save(self.indices.name(id.date()), document).await
    }

    async fn get_unredacted_processed_crash(
        &self,
        _cx: &Context,
        id: &StoredId,
    ) -> Result<ProcessedCrash> {
        if !self.capabilities.contains(Capabilities::GET_PROCESSED) {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "this storage keeps only what is searched; set keep_document to read processed crashes back",
            ));
        }
        let not_found = || {
            Error::new(
                ErrorKind::NotFound,
                "the processed crash is not in the index",
            )
            .for_crash(id)
        };
        let source = self.get(id, "document").await?.ok_or_else(not_found)?;
        // Saved while `keep_document` was off, or by another program.
        let document = source.document.ok_or_else(not_found)?;
        ProcessedCrash::from_stored(document).map_err(|error| error.for_crash(id))
    }

    async fn catalog(&self, _cx: &Context, id: &StoredId) -> Result<Catalog> {
        let source = self.get(id, "document_size").await?;
        let entry = source.map(|source| CatalogEntry {
            part: Part::ProcessedCrash,
            size: source.document_size,
        });
        Ok(Catalog {
            entries: entry.into_iter().collect(),
        })
    }

    async fn list(&self, _cx: &Context, request: &ListRequest) -> Result<ListPage> {
        list::page(&self.connection, &self.indices, request).await
    }

    async fn delete(&self, _cx: &Context, id: &StoredId) -> Result<()> {
        match id.date() {
            Some(day) => self.bulk.delete(self.indices.name(day), id).await,
            // An id without a day has no index.
            None => Ok(()),
        }
    }

    async fn health(&self, _cx: &Context) -> Result<Health> {
        Ok(health::check(&self.connection, &self.indices).await)
    }

    async fn close(&self, _cx: &Context) -> Result<()> {
        self.stop_retention();
        self.bulk.close().await;
        Ok(())
    }
}

impl ElasticsearchStorage {
    fn stop_retention(&self) {
        let task = self
            .retention
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = task {
            task.abort();
        }
    }
}

impl Drop for ElasticsearchStorage {
    fn drop(&mut self) {
        self.stop_retention();
    }
}

#[async_trait]
impl StoragePlugin for ElasticsearchStorage {
    type Config = Config;

    const CAPABILITIES: Capabilities = Capabilities::SAVE_PROCESSED
        .union(Capabilities::GET_PROCESSED)
        .union(Capabilities::CATALOG)
        .union(Capabilities::LIST)
        .union(Capabilities::DELETE)
        .union(Capabilities::DURABLE);

    fn resources(config: &Config) -> Result<Vec<Resource>> {
        config.resources()
    }

    async fn open(config: Config, _cx: &OpenContext) -> Result<Self> {
        let template = config.check()?;
        let maker = Arc::new(Maker::new(&config)?);
        let connection = Arc::new(Connection::new(&config)?);
        let indices = Arc::new(Indices::new(&config, template, maker.fields()));
        if config.manage_template {
            indices
                .put_template(&connection, &config, maker.fields())
                .await?;
        } else {
            // What can be known now is to be known now: is it there, and does it know us?
            let doing = "look for the server";
            let answer = connection
                .send(Request::new(Method::GET, "_security/_authenticate", doing))
                .await?;
            if answer.status() == 401 {
                return Err(answer.into_error(doing, false));
            }
        }
        let retention = config.retention.map(|keep| {
            tokio::spawn(retention::run(
                Arc::clone(&connection),
                Arc::clone(&indices),
                keep.0,
            ))
        });
        let mut capabilities = Self::CAPABILITIES;
        capabilities.set(Capabilities::GET_PROCESSED, config.keep_document);
        let budget = usize::try_from(config.max_document_size.0).unwrap_or(usize::MAX);
        Ok(Self {
            capabilities,
            bulk: Bulk::start(&config, Arc::clone(&connection), Arc::clone(&indices)),
            connection,
            indices,
            maker,
            // Another writer may have had a larger budget.
            largest: budget
                .saturating_mul(2)
                .saturating_add(1 << 20)
                .max(100 << 20),
            retention: Mutex::new(retention),
        })
    }
}
