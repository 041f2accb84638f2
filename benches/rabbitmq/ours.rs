//! The loaded plugin: its storage behind a handle, its source as a pipeline has it.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::time::Duration;

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use serde_json::{Value, json};
use socorro_benches::crashes::Crash;
use socorro_benches::libraries;
use socorro_benches::servers::ours::Ours;
use socorro_benches::servers::peer::Peer;
use socorro_core::Context;
use socorro_core::crash::{CrashId, Dumps};
use socorro_core::plugin::loader::{Loader, LoaderOptions};
use socorro_core::plugin::{OpenOptions, PluginSource};
use socorro_core::source::{Delivery, NewCrashSource, Receive, Settlement};
use socorro_testkit::services::Server;
use tokio::sync::Mutex;

use crate::{OURS, PREFETCH};

/// How many a receive asks for: a pipeline asks for as many as it has room for, seldom for one.
const AT_ONCE: NonZeroUsize = NonZeroUsize::new(8).unwrap();

pub(crate) struct Queue {
    storage: Ours,
    source: PluginSource,
    /// Received, and not yet asked for by a caller.
    stock: Mutex<VecDeque<Delivery>>,
}

impl Queue {
    pub(crate) async fn open(server: &Server) -> Result<Self> {
        let account = format!("://{}@", server.user);
        let options = json!({
            "url": server.url.replacen("://", &account, 1),
            "queues": { "standard": OURS },
        });
        let with = |more: Value| -> Result<Value> {
            let mut table = options.as_object().context("options are a table")?.clone();
            table.extend(more.as_object().context("options are a table")?.clone());
            Ok(Value::Object(table))
        };
        let storage = with(json!({ "type": "rabbitmq" }))?;
        // Straight to the plugin, past the configuration, which would take no secret in plain text.
        let source = with(json!({ "prefetch": PREFETCH, "password": server.password }))?;
        let storage = Ours::open(
            "rabbitmq plugin, loaded",
            storage,
            ("password", &server.password),
        )
        .await?;
        let loader = Loader::new(LoaderOptions {
            path: vec![libraries::directory()?],
            ..LoaderOptions::default()
        });
        let plugin = loader.load("rabbitmq", None).await?;
        let source = plugin
            .open_source("new", &source, &OpenOptions::default())
            .await?;
        let stock = Mutex::default();
        Ok(Self {
            storage,
            source,
            stock,
        })
    }
}

#[async_trait]
impl Peer for Queue {
    fn title(&self) -> &'static str {
        self.storage.title()
    }

    async fn save(&self, id: &CrashId, crash: &Crash) -> Result<()> {
        let handle = self.storage.handle();
        Ok(handle.save_raw_crash(id, &crash.raw, &Dumps::new()).await?)
    }

    /// The next one of the queue, whichever that is.
    async fn read(&self, _: &CrashId) -> Result<usize> {
        let cx = Context::new();
        let mut stock = self.stock.lock().await;
        if stock.is_empty() {
            let some = Receive {
                max: AT_ONCE,
                wait: Duration::from_secs(30),
            };
            stock.extend(self.source.receive(&cx, some).await?);
        }
        let delivery = stock.pop_front().context("nothing came")?;
        drop(stock);
        self.source
            .settle(&cx, delivery.token, Settlement::Ack)
            .await?;
        Ok(delivery.id.to_string().len())
    }

    async fn delete(&self, _: &CrashId) -> Result<()> {
        Ok(())
    }

    fn size(&self, _: &Crash) -> usize {
        36
    }
}
