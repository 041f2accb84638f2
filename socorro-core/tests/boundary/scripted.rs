//! A plugin made with the kit, linked in, that does what the test at hand wants and reports what happened.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use socorro_core::crash::{CrashId, Dump, DumpName, Dumps, ProcessedCrash, RawCrash, StoredId};
use socorro_core::error::{Applied, ChildOutcome, Scope};
use socorro_core::plugin::author::{OpenContext, SourcePlugin, StoragePlugin};
use socorro_core::plugin::{OpenOptions, Plugin, PluginStorage, Resource};
use socorro_core::source::{Delivery, NewCrashSource, Receive, Settlement, Token};
use socorro_core::storage::{Capabilities, Catalog, CrashStorage, ListPage, ListRequest};
use socorro_core::{Bytes, Context, Error, ErrorKind, Result, async_trait, export_plugin};
use tokio::sync::Semaphore;

export_plugin! { name: "scripted", storage: Scripted, source: Nothing }

/// What a test and its instance share, by the instance's name.
pub(crate) struct Probe {
    /// A permit for every operation that began.
    pub(crate) started: Semaphore,
    /// A permit for every future that was dropped before it was done.
    pub(crate) dropped: Semaphore,
    /// Operations wait here when they are told to.
    pub(crate) gate: Semaphore,
    /// Addresses and lengths of the payloads that arrived.
    pub(crate) arrived: Mutex<Vec<(usize, usize)>>,
    /// What `get_raw_crash` gives.
    pub(crate) stored: Mutex<Option<Bytes>>,
    /// The trace and deadline of the last operation.
    pub(crate) context: Mutex<Option<Context>>,
}

static PROBES: LazyLock<Mutex<HashMap<String, Arc<Probe>>>> = LazyLock::new(Mutex::default);

pub(crate) fn probe(name: &str) -> Arc<Probe> {
    let mut probes = PROBES.lock().unwrap();
    let fresh = || {
        Arc::new(Probe {
            started: Semaphore::new(0),
            dropped: Semaphore::new(0),
            gate: Semaphore::new(0),
            arrived: Mutex::default(),
            stored: Mutex::default(),
            context: Mutex::default(),
        })
    };
    Arc::clone(probes.entry(name.to_owned()).or_insert_with(fresh))
}

pub(crate) fn plugin() -> Arc<Plugin> {
    Plugin::from_static(PLUGIN).unwrap()
}

pub(crate) async fn open(name: &str) -> (PluginStorage, Arc<Probe>) {
    let storage = plugin()
        .open_storage(name, &serde_json::json!({}), &OpenOptions::default())
        .await
        .unwrap();
    (storage, probe(name))
}

pub(crate) fn id() -> CrashId {
    "0bba929f-8721-460c-dead-a43c20071025".parse().unwrap()
}

pub(crate) fn dump_name(name: &str) -> DumpName {
    name.parse().unwrap()
}

#[derive(Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// What `open` does.
    open: Behaviour,
    /// What `resources` does.
    resources: Behaviour,
}

// `Serialize` is what puts the defaults into the schema.
#[derive(Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Behaviour {
    #[default]
    Succeed,
    Fail,
    Panic,
    Hang,
}

pub(crate) struct Scripted(Arc<Probe>);

struct Dropped<'a>(&'a Probe);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.dropped.add_permits(1);
    }
}

/// An error that uses every field there is.
pub(crate) fn rich_error() -> Error {
    let io = std::io::Error::other("socket closed");
    let child = Error::new(ErrorKind::Throttled, "slow down")
        .with_retry_after(std::time::Duration::from_millis(1500))
        .in_operation("save_raw_crash")
        .at_storage("archive");
    Error::new(ErrorKind::Conflict, "somebody was here \u{1f980}")
        .retryable(true)
        .with_retry_after(std::time::Duration::ZERO)
        .with_applied(Applied::Yes)
        .with_scope(Scope::Store)
        .in_operation("inner_operation")
        .at_storage("inner_storage")
        .for_crash("inner crash")
        .caused_by(&io)
        .with_children(vec![
            ChildOutcome {
                storage: "spool".to_owned(),
                error: None,
            },
            ChildOutcome {
                storage: "archive".to_owned(),
                error: Some(child),
            },
        ])
}

/// A panic payload that panics again when it is dropped.
struct Grenade;

impl Drop for Grenade {
    fn drop(&mut self) {
        panic!("the payload panics as well");
    }
}

#[async_trait]
impl CrashStorage for Scripted {
    fn capabilities(&self) -> Capabilities {
        Capabilities::FULL
    }

    async fn save_raw_crash(
        &self,
        cx: &Context,
        _: &CrashId,
        raw: &RawCrash,
        dumps: &Dumps,
    ) -> Result<()> {
        *self.0.context.lock().unwrap() = Some(cx.clone());
        let mut arrived = self.0.arrived.lock().unwrap();
        arrived.push(place(raw.as_bytes()));
        for (_, dump) in dumps.iter() {
            match dump {
                Dump::Bytes(bytes) => arrived.push(place(bytes)),
                Dump::File(path) => arrived.push((0, path.as_os_str().len())),
            }
        }
        *self.0.stored.lock().unwrap() = Some(raw.as_bytes().clone());
        Ok(())
    }

    async fn save_processed_crash(
        &self,
        _: &Context,
        _: &CrashId,
        _: &ProcessedCrash,
    ) -> Result<()> {
        self.0.started.add_permits(1);
        let _dropped = Dropped(&self.0);
        std::future::pending().await
    }

    async fn get_raw_crash(&self, _: &Context, _: &StoredId) -> Result<RawCrash> {
        let stored = self.0.stored.lock().unwrap().clone();
        RawCrash::from_stored(stored.unwrap_or_default())
    }

    async fn get_dump(&self, _: &Context, _: &StoredId, name: &DumpName) -> Result<Bytes> {
        match name.as_str() {
            "pending" => {
                self.0.started.add_permits(1);
                let _dropped = Dropped(&self.0);
                std::future::pending().await
            }
            "gated" => {
                self.0.started.add_permits(1);
                self.0.gate.acquire().await.unwrap().forget();
                Ok(Bytes::from_static(b"through"))
            }
            "yields" => {
                tokio::task::yield_now().await;
                Ok(Bytes::from_static(b"back"))
            }
            "blocks" => {
                let probe = Arc::clone(&self.0);
                let blocking = tokio::task::spawn_blocking(move || {
                    probe.started.add_permits(1);
                    tokio::runtime::Handle::current()
                        .block_on(probe.gate.acquire())
                        .unwrap()
                        .forget();
                });
                blocking.await.unwrap();
                Ok(Bytes::new())
            }
            "panics" => panic!("a panic with the number {}", 7),
            "panics-with-a-grenade" => std::panic::panic_any(Grenade),
            "panics-while-dropped" => {
                self.0.started.add_permits(1);
                let _grenade = Grenade;
                std::future::pending().await
            }
            _ => Ok(Bytes::new()),
        }
    }

    async fn get_dumps(&self, _: &Context, _: &StoredId) -> Result<Dumps> {
        let stored = self.0.stored.lock().unwrap().clone();
        Ok(Dumps::single(stored.unwrap_or_default()).with(dump_name("empty"), Bytes::new()))
    }

    async fn catalog(&self, _: &Context, _: &StoredId) -> Result<Catalog> {
        Err(rich_error())
    }

    async fn list(&self, _: &Context, _: &ListRequest) -> Result<ListPage> {
        let mut ids = vec![StoredId::from(id()); 2];
        ids.truncate(2);
        Ok(ListPage { ids, more: false })
    }

    async fn delete(&self, _: &Context, _: &StoredId) -> Result<()> {
        Ok(())
    }
}

fn place(bytes: &Bytes) -> (usize, usize) {
    (bytes.as_ptr() as usize, bytes.len())
}

#[async_trait]
impl StoragePlugin for Scripted {
    type Config = Config;

    const CAPABILITIES: Capabilities = Capabilities::FULL;

    fn resources(config: &Config) -> Result<Vec<Resource>> {
        match config.resources {
            Behaviour::Succeed => Ok(vec![Resource::new("place", "here")]),
            Behaviour::Fail => Err(rich_error()),
            Behaviour::Panic => panic!("resources panics"),
            Behaviour::Hang => loop {
                std::thread::park();
            },
        }
    }

    async fn open(config: Config, cx: &OpenContext) -> Result<Self> {
        let probe = probe(&cx.name);
        match config.open {
            Behaviour::Succeed => Ok(Self(probe)),
            Behaviour::Fail => Err(rich_error()),
            Behaviour::Panic => panic!("open panics"),
            Behaviour::Hang => {
                let _dropped = Dropped(&probe);
                std::future::pending().await
            }
        }
    }
}

/// A source that has nothing and settles anything.
pub(crate) struct Nothing;

#[async_trait]
impl NewCrashSource for Nothing {
    async fn receive(&self, _: &Context, request: Receive) -> Result<Vec<Delivery>> {
        Ok(vec![Delivery {
            id: id().into(),
            token: Token(request.max.get() as u64),
        }])
    }

    async fn settle(&self, _: &Context, _: Token, settlement: Settlement) -> Result<()> {
        match settlement {
            Settlement::Nack { reason } => Err(Error::new(ErrorKind::Conflict, reason)),
            Settlement::Ack | Settlement::GiveBack => Ok(()),
        }
    }
}

#[async_trait]
impl SourcePlugin for Nothing {
    type Config = Config;

    async fn open(_: Config, _: &OpenContext) -> Result<Self> {
        Ok(Self)
    }
}
