//! The ways to the same storage.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use serde_json::json;
use socorro_benches::{crashes, libraries};
use socorro_core::config::Layers;
use socorro_core::live::{Socorro, StorageHandle};
use socorro_core::plugin::author::{OpenContext, StoragePlugin};
use socorro_core::plugin::loader::{Loader, LoaderOptions};
use socorro_core::plugin::{OpenOptions, PluginStorage};
use socorro_core::storage::CrashStorage;
use socorro_plugin_null::NullStorage;
use socorro_plugin_steps::{StepsConfig, StepsStorage};
use tokio::runtime::{Builder, Runtime};

/// A way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// The crate linked in, called as `dyn CrashStorage` on the caller's runtime.
    Direct,
    /// The library, loaded: the same trait, implemented by the boundary.
    Loaded,
    /// The library behind a handle of a running program: with admission, deadline, executor and generation.
    Handle,
    /// No storage at all.
    Floor,
}

impl Peer {
    pub(crate) const ALL: [Self; 4] = [Self::Direct, Self::Loaded, Self::Handle, Self::Floor];
}

/// One storage, all ways.
pub(crate) struct Ways {
    pub(crate) direct: Arc<dyn CrashStorage>,
    pub(crate) loaded: PluginStorage,
    pub(crate) handle: StorageHandle,
}

/// All of it.
pub(crate) struct Peers {
    pub(crate) null: Arc<Ways>,
    pub(crate) steps: Arc<Ways>,
    /// As large as the runtime of a plugin.
    pub(crate) other: Runtime,
    /// Keeps the handles' storages open.
    _socorro: Socorro,
}

impl Peers {
    /// Builds the plugins, and opens everything.
    pub(crate) async fn open(echo: SocketAddr) -> Result<Self> {
        let path = libraries::directory()?;
        let options = json!({ "echo": echo, "payload": crashes::DUMP });
        let config = StepsConfig {
            echo,
            payload: crashes::DUMP,
        };
        let cx = OpenContext {
            name: "direct".to_owned(),
        };
        let mut steps = options.clone();
        if let Some(table) = steps.as_object_mut() {
            table.insert("type".to_owned(), "steps".into());
        }
        let layers = Layers::new().defaults(json!({
            "plugins": { "path": [path] },
            "storage": { "null": { "type": "null" }, "steps": steps },
        }));
        let socorro = Socorro::start(layers).await?;
        let loader = loader(path);
        let open = OpenOptions::default();
        let null = Ways {
            direct: Arc::new(NullStorage),
            loaded: loader
                .load("null", None)
                .await?
                .open_storage("loaded", &json!({}), &open)
                .await?,
            handle: socorro.storage("null")?,
        };
        let steps = Ways {
            direct: Arc::new(StepsStorage::open(config, &cx).await?),
            loaded: loader
                .load("steps", None)
                .await?
                .open_storage("loaded", &options, &open)
                .await?,
            handle: socorro.storage("steps")?,
        };
        Ok(Self {
            null: Arc::new(null),
            steps: Arc::new(steps),
            other: Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()?,
            _socorro: socorro,
        })
    }
}

fn loader(path: PathBuf) -> Loader {
    Loader::new(LoaderOptions {
        path: vec![path],
        ..LoaderOptions::default()
    })
}
