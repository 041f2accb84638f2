//! A plugin whose behaviour a test scripts, linked in and driven through the same C table as a loaded one.
//!
//! Each storage and source names a `tag`; instances of one tag share a [`Script`].

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex};

use socorro_core::crash::{CrashId, Dumps, RawCrash, StoredId};
use socorro_core::options::Secret;
use socorro_core::plugin::author::{OpenContext, SourcePlugin, StoragePlugin};
use socorro_core::source::{Delivery, NewCrashSource, Receive, Settlement, Token};
use socorro_core::storage::{Capabilities, Catalog, CatalogEntry, CrashStorage, Part};
use socorro_core::{Context, Error, ErrorKind, Result, async_trait, export_plugin};
use tokio::sync::{Notify, Semaphore};

/// What instances of one tag do, and what was done to them.
pub struct Script {
    pub crashes: Mutex<BTreeMap<StoredId, RawCrash>>,
    /// What opening an instance fails with.
    pub open_fails: Mutex<Option<Error>>,
    /// Opening an instance needs one permit of these.
    pub open_gate: Semaphore,
    /// Told when an instance that opens comes to the gate.
    pub at_open_gate: Notify,
    /// What saving fails with.
    pub save_fails: Mutex<Option<Error>>,
    /// A save needs one permit of these.
    pub gate: Semaphore,
    /// Told when a save waits at the gate.
    pub at_gate: Notify,
    pub opened: AtomicUsize,
    pub closed: AtomicUsize,
    /// Every call but `open` and `close`.
    pub calls: AtomicUsize,
    /// The secrets that storages were opened with.
    pub passwords: Mutex<Vec<String>>,
    /// Of the source.
    pub queue: Mutex<VecDeque<StoredId>>,
    pub arrived: Notify,
    pub acked: Mutex<Vec<StoredId>>,
    pub nacked: Mutex<Vec<(StoredId, String)>>,
    /// What receiving fails with.
    pub receive_fails: Mutex<Option<Error>>,
    /// The ids that were saved, as often as they were.
    pub saved: Mutex<Vec<StoredId>>,
    /// What was done to sources, in order: `receive 1`, `ack 1`, `close 1`, with the number of the instance.
    pub events: Mutex<Vec<String>>,
    /// What never comes back.
    pub hangs: Mutex<HashSet<Hang>>,
    /// Told when something is asked that never comes back.
    pub hanging: Notify,
    unhang: Condvar,
    tokens: AtomicU64,
}

/// What can be made to never come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hang {
    Close,
    Destroy,
    Receive,
    Settle,
}

static SCRIPTS: LazyLock<Mutex<HashMap<String, Arc<Script>>>> = LazyLock::new(Mutex::default);

/// The script of a tag; tests use tags of their own.
pub fn script(tag: &str) -> Arc<Script> {
    let mut scripts = SCRIPTS.lock().unwrap();
    let script = scripts.entry(tag.to_owned()).or_insert_with(|| {
        Arc::new(Script {
            crashes: Mutex::default(),
            open_fails: Mutex::default(),
            open_gate: Semaphore::new(1_000_000),
            at_open_gate: Notify::new(),
            save_fails: Mutex::default(),
            gate: Semaphore::new(1_000_000),
            at_gate: Notify::new(),
            opened: AtomicUsize::new(0),
            closed: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
            passwords: Mutex::default(),
            queue: Mutex::default(),
            arrived: Notify::new(),
            acked: Mutex::default(),
            nacked: Mutex::default(),
            receive_fails: Mutex::default(),
            saved: Mutex::default(),
            events: Mutex::default(),
            hangs: Mutex::default(),
            hanging: Notify::new(),
            unhang: Condvar::new(),
            tokens: AtomicU64::new(0),
        })
    });
    script.clone()
}

impl Script {
    /// No save passes until permits are added.
    pub fn shut_gate(&self) {
        self.gate.forget_permits(usize::MAX >> 4);
    }

    /// Nothing opens until permits are added.
    pub fn shut_open_gate(&self) {
        self.open_gate.forget_permits(usize::MAX >> 4);
    }

    /// From now on this never comes back.
    pub fn hang(&self, hang: Hang) {
        self.hangs.lock().unwrap().insert(hang);
    }

    /// A destroy that hangs comes back after all, and nothing hangs from now on.
    pub fn unhang(&self) {
        self.hangs.lock().unwrap().clear();
        self.unhang.notify_all();
    }

    async fn may_hang(&self, hang: Hang) {
        let hangs = self.hangs.lock().unwrap().contains(&hang);
        if hangs {
            self.hanging.notify_one();
            std::future::pending::<()>().await;
        }
    }

    fn may_hang_destroyed(&self) {
        let mut hangs = self.hangs.lock().unwrap();
        while hangs.contains(&Hang::Destroy) {
            hangs = self.unhang.wait(hangs).unwrap();
        }
    }

    fn event(&self, what: &str, instance: usize) {
        let event = format!("{what} {instance}");
        self.events.lock().unwrap().push(event);
    }

    pub fn has(&self, id: impl Into<StoredId>) -> bool {
        self.crashes.lock().unwrap().contains_key(&id.into())
    }

    pub fn arrive(&self, id: impl Into<StoredId>) {
        self.queue.lock().unwrap().push_back(id.into());
        self.arrived.notify_one();
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which script.
    tag: String,
    /// Anything: another value makes another instance.
    #[serde(default)]
    #[allow(dead_code, reason = "only its change matters")]
    revision: u32,
    #[serde(default)]
    password: Option<Secret>,
}

pub struct ScriptedStorage(Arc<Script>);

#[async_trait]
impl StoragePlugin for ScriptedStorage {
    type Config = Config;

    async fn open(config: Config, _: &OpenContext) -> Result<Self> {
        let script = script(&config.tag);
        script.at_open_gate.notify_one();
        let pass = script.open_gate.acquire().await;
        pass.map_err(|_| Error::new(ErrorKind::Internal, "the gate is gone"))?
            .forget();
        let failure = script.open_fails.lock().unwrap().clone();
        failure.map_or(Ok(()), Err)?;
        script.opened.fetch_add(1, Ordering::SeqCst);
        let password = config.password.as_ref().map(|it| it.expose().to_owned());
        script.passwords.lock().unwrap().extend(password);
        Ok(Self(script))
    }
}

#[async_trait]
impl CrashStorage for ScriptedStorage {
    fn capabilities(&self) -> Capabilities {
        Capabilities::SAVE_RAW
            | Capabilities::GET_RAW
            | Capabilities::GET_DUMPS
            | Capabilities::CATALOG
            | Capabilities::DELETE
    }

    async fn save_raw_crash(
        &self,
        _: &Context,
        id: &CrashId,
        raw: &RawCrash,
        _: &Dumps,
    ) -> Result<()> {
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        self.0.at_gate.notify_one();
        let permit = self
            .0
            .gate
            .acquire()
            .await
            .map_err(|_| Error::new(ErrorKind::Internal, "gate"))?;
        permit.forget();
        let failure = self.0.save_fails.lock().unwrap().clone();
        failure.map_or(Ok(()), Err)?;
        self.0
            .crashes
            .lock()
            .unwrap()
            .insert(id.into(), raw.clone());
        self.0.saved.lock().unwrap().push(id.into());
        Ok(())
    }

    async fn get_raw_crash(&self, _: &Context, id: &StoredId) -> Result<RawCrash> {
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        let found = self.0.crashes.lock().unwrap().get(id).cloned();
        found.ok_or_else(|| Error::new(ErrorKind::NotFound, "no such crash"))
    }

    async fn get_dumps(&self, _: &Context, _: &StoredId) -> Result<Dumps> {
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        Ok(Dumps::new())
    }

    async fn catalog(&self, _: &Context, id: &StoredId) -> Result<Catalog> {
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        let there = self.0.crashes.lock().unwrap().contains_key(id);
        let entry = CatalogEntry {
            part: Part::RawCrash,
            size: None,
        };
        Ok(Catalog {
            entries: there.then_some(entry).into_iter().collect(),
        })
    }

    async fn delete(&self, _: &Context, id: &StoredId) -> Result<()> {
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        self.0.crashes.lock().unwrap().remove(id);
        Ok(())
    }

    async fn close(&self, _: &Context) -> Result<()> {
        self.0.may_hang(Hang::Close).await;
        self.0.closed.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

impl Drop for ScriptedStorage {
    fn drop(&mut self) {
        self.0.may_hang_destroyed();
    }
}

/// What it handed out comes back when it is closed or dropped, and is settled by nobody else.
pub struct ScriptedSource {
    script: Arc<Script>,
    /// Counted from 1.
    number: usize,
    out: Mutex<HashMap<Token, StoredId>>,
}

#[async_trait]
impl SourcePlugin for ScriptedSource {
    type Config = Config;

    async fn open(config: Config, _: &OpenContext) -> Result<Self> {
        let script = script(&config.tag);
        let failure = script.open_fails.lock().unwrap().clone();
        failure.map_or(Ok(()), Err)?;
        let number = script.opened.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Self {
            script,
            number,
            out: Mutex::default(),
        })
    }
}

impl ScriptedSource {
    fn give_all_back(&self) {
        let out = std::mem::take(&mut *self.out.lock().unwrap());
        for id in out.into_values() {
            self.script.arrive(id);
        }
    }
}

#[async_trait]
impl NewCrashSource for ScriptedSource {
    async fn receive(&self, _: &Context, request: Receive) -> Result<Vec<Delivery>> {
        self.script.may_hang(Hang::Receive).await;
        let failure = self.script.receive_fails.lock().unwrap().clone();
        failure.map_or(Ok(()), Err)?;
        let arrived = self.script.arrived.notified();
        if self.script.queue.lock().unwrap().is_empty() && !request.wait.is_zero() {
            let _ = tokio::time::timeout(request.wait, arrived).await;
        }
        let mut queue = self.script.queue.lock().unwrap();
        let mut deliveries = Vec::new();
        while deliveries.len() < request.max.get()
            && let Some(id) = queue.pop_front()
        {
            let token = Token(self.script.tokens.fetch_add(1, Ordering::SeqCst));
            self.out.lock().unwrap().insert(token, id.clone());
            self.script.event("receive", self.number);
            deliveries.push(Delivery { id, token });
        }
        Ok(deliveries)
    }

    async fn settle(&self, _: &Context, token: Token, settlement: Settlement) -> Result<()> {
        self.script.may_hang(Hang::Settle).await;
        let Some(id) = self.out.lock().unwrap().remove(&token) else {
            return Ok(());
        };
        match settlement {
            Settlement::Ack => {
                self.script.event("ack", self.number);
                self.script.acked.lock().unwrap().push(id);
            }
            Settlement::Nack { reason } => {
                self.script.nacked.lock().unwrap().push((id, reason));
            }
            Settlement::GiveBack => {
                self.script.event("back", self.number);
                self.script.arrive(id);
            }
        }
        self.script.arrived.notify_one();
        Ok(())
    }

    async fn close(&self, _: &Context) -> Result<()> {
        self.script.may_hang(Hang::Close).await;
        self.script.event("close", self.number);
        self.give_all_back();
        self.script.closed.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

impl Drop for ScriptedSource {
    fn drop(&mut self) {
        self.script.may_hang_destroyed();
        self.give_all_back();
    }
}

export_plugin! { name: "scripted", storage: ScriptedStorage, source: ScriptedSource }
