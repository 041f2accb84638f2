//! A plugin whose instances share a place, and say how they may meet there. It logs what happens at the place, in
//! order, and does at each step what a test says.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use socorro_core::crash::{CrashId, Dumps, Limits, ProcessedCrash, RawCrash, StoredId};
use socorro_core::plugin::author::{OpenContext, SourcePlugin, StoragePlugin};
use socorro_core::plugin::{Exchange, Resource};
use socorro_core::source::{Delivery, NewCrashSource, Receive, Settlement, Token};
use socorro_core::storage::{Capabilities, CrashStorage};
use socorro_core::{Context, Error, ErrorKind, Result, async_trait, export_plugin};
use tokio::sync::watch;

/// What a step does instead of what it should.
#[derive(Clone)]
pub enum Act {
    Fail(Error),
    Panic,
    /// Until [`Place::go`].
    Hang,
}

/// What cannot be shared, or can.
pub struct Place {
    pub crashes: Mutex<BTreeMap<StoredId, RawCrash>>,
    /// `open 0`, `close 0`: the step and the revision of the instance; `work 0` once for its first operation.
    pub log: watch::Sender<Vec<String>>,
    /// By step and revision: `open 1`, `close 0`, `save 0`, `health 1`.
    pub acts: Mutex<HashMap<String, Act>>,
    go: watch::Sender<bool>,
    open: AtomicUsize,
    most_open: AtomicUsize,
    /// Crashes saved, each as often as it was.
    pub saves: AtomicU64,
    /// Of the source.
    pub queue: Mutex<VecDeque<StoredId>>,
    pub out: Mutex<HashMap<Token, StoredId>>,
    pub acked: Mutex<Vec<StoredId>>,
    arrived: watch::Sender<u64>,
    tokens: AtomicU64,
}

static PLACES: LazyLock<Mutex<HashMap<String, Arc<Place>>>> = LazyLock::new(Mutex::default);

/// The place of this name; tests use names of their own.
pub fn place(name: &str) -> Arc<Place> {
    let mut places = PLACES.lock().unwrap();
    let place = places.entry(name.to_owned()).or_insert_with(|| {
        Arc::new(Place {
            crashes: Mutex::default(),
            log: watch::Sender::new(Vec::new()),
            acts: Mutex::default(),
            go: watch::Sender::new(false),
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
            saves: AtomicU64::new(0),
            queue: Mutex::default(),
            out: Mutex::default(),
            acked: Mutex::default(),
            arrived: watch::Sender::new(0),
            tokens: AtomicU64::new(0),
        })
    });
    place.clone()
}

impl Place {
    pub fn act(&self, step: &str, act: Act) {
        self.acts.lock().unwrap().insert(step.to_owned(), act);
    }

    /// Everything does what it should from now on, also what hangs.
    pub fn go(&self) {
        self.acts.lock().unwrap().clear();
        self.go.send_replace(true);
    }

    /// Waits until the log has this entry so many times; fails after two minutes.
    pub async fn logged_times(&self, entry: &str, times: usize) {
        let mut log = self.log.subscribe();
        let there = log.wait_for(|log| log.iter().filter(|it| *it == entry).count() >= times);
        let there = tokio::time::timeout(std::time::Duration::from_secs(120), there).await;
        let Ok(Ok(_)) = there else {
            panic!(
                "never {times} times: {entry}; the log is {:?}",
                self.history()
            );
        };
    }

    pub async fn logged(&self, entry: &str) {
        self.logged_times(entry, 1).await;
    }

    pub fn history(&self) -> Vec<String> {
        self.log.borrow().clone()
    }

    /// How many instances are open right now, and how many were at most.
    pub fn open(&self) -> (usize, usize) {
        (
            self.open.load(Ordering::SeqCst),
            self.most_open.load(Ordering::SeqCst),
        )
    }

    pub fn arrive(&self, id: impl Into<StoredId>) {
        self.queue.lock().unwrap().push_back(id.into());
        self.arrived.send_modify(|arrived| *arrived += 1);
    }

    fn note(&self, entry: String) {
        self.log.send_modify(|log| log.push(entry));
    }

    async fn step(&self, step: &str, revision: u32) -> Result<()> {
        let act = self
            .acts
            .lock()
            .unwrap()
            .get(&format!("{step} {revision}"))
            .cloned();
        match act {
            None => Ok(()),
            Some(Act::Fail(error)) => Err(error),
            Some(Act::Panic) => panic!("{step} panics"),
            Some(Act::Hang) => {
                self.note(format!("{step} {revision} hangs"));
                let _over = Over(self, format!("{step} {revision} hangs no more"));
                let _ = self.go.subscribe().wait_for(|go| *go).await;
                Ok(())
            }
        }
    }
}

/// Notes the end of what hangs, also when it is given up.
struct Over<'a>(&'a Place, String);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.note(std::mem::take(&mut self.1));
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    place: String,
    /// Another value makes another instance.
    #[serde(default)]
    revision: u32,
    /// `overlap`, `handover`, `break_before_make`.
    exchange: String,
}

fn resources(config: &Config) -> Vec<Resource> {
    let exchange: Exchange = serde_json::from_value(config.exchange.as_str().into()).unwrap();
    vec![Resource::new("place", &config.place).with_exchange(exchange)]
}

/// One open instance.
struct Here {
    place: Arc<Place>,
    revision: u32,
    worked: AtomicUsize,
}

impl Here {
    async fn open(config: &Config) -> Result<Self> {
        let place = place(&config.place);
        place.step("open", config.revision).await?;
        let open = place.open.fetch_add(1, Ordering::SeqCst) + 1;
        place.most_open.fetch_max(open, Ordering::SeqCst);
        place.note(format!("open {}", config.revision));
        Ok(Self {
            place,
            revision: config.revision,
            worked: AtomicUsize::new(0),
        })
    }

    async fn work(&self, step: &str) -> Result<()> {
        if self.worked.fetch_add(1, Ordering::SeqCst) == 0 {
            self.place.note(format!("work {}", self.revision));
        }
        self.place.step(step, self.revision).await
    }

    async fn close(&self) -> Result<()> {
        self.place.step("close", self.revision).await?;
        self.place.note(format!("close {}", self.revision));
        Ok(())
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        self.place.open.fetch_sub(1, Ordering::SeqCst);
        self.place.note(format!("gone {}", self.revision));
    }
}

pub struct SharingStorage(Here);

#[async_trait]
impl StoragePlugin for SharingStorage {
    type Config = Config;

    fn resources(config: &Config) -> Result<Vec<Resource>> {
        Ok(resources(config))
    }

    async fn open(config: Config, _: &OpenContext) -> Result<Self> {
        Ok(Self(Here::open(&config).await?))
    }
}

#[async_trait]
impl CrashStorage for SharingStorage {
    fn capabilities(&self) -> Capabilities {
        Capabilities::SAVE_RAW
            | Capabilities::GET_RAW
            | Capabilities::GET_DUMPS
            | Capabilities::GET_PROCESSED
            | Capabilities::DELETE
    }

    async fn save_raw_crash(
        &self,
        _: &Context,
        id: &CrashId,
        raw: &RawCrash,
        _: &Dumps,
    ) -> Result<()> {
        self.0.work("save").await?;
        self.0.place.saves.fetch_add(1, Ordering::SeqCst);
        let mut crashes = self.0.place.crashes.lock().unwrap();
        crashes.insert(id.into(), raw.clone());
        Ok(())
    }

    async fn get_raw_crash(&self, _: &Context, id: &StoredId) -> Result<RawCrash> {
        self.0.work("get").await?;
        let found = self.0.place.crashes.lock().unwrap().get(id).cloned();
        found.ok_or_else(|| Error::new(ErrorKind::NotFound, "no such crash"))
    }

    async fn get_dumps(&self, _: &Context, _: &StoredId) -> Result<Dumps> {
        self.0.work("get").await?;
        Ok(Dumps::new())
    }

    async fn get_unredacted_processed_crash(
        &self,
        _: &Context,
        _: &StoredId,
    ) -> Result<ProcessedCrash> {
        self.0.work("get").await?;
        let text = format!("{{\"revision\":{},\"note\":\"n\"}}", self.0.revision);
        ProcessedCrash::new(text, &Limits::default())
    }

    async fn delete(&self, _: &Context, id: &StoredId) -> Result<()> {
        self.0.work("delete").await?;
        self.0.place.crashes.lock().unwrap().remove(id);
        Ok(())
    }

    async fn health(&self, _: &Context) -> Result<socorro_core::storage::Health> {
        self.0.place.step("health", self.0.revision).await?;
        Ok(socorro_core::storage::Health::unknown())
    }

    async fn close(&self, _: &Context) -> Result<()> {
        self.0.close().await
    }
}

pub struct SharingSource {
    here: Here,
    /// What it handed out and nobody settled; none once it is closed, when it hands out nothing more.
    mine: Mutex<Option<HashSet<Token>>>,
}

#[async_trait]
impl SourcePlugin for SharingSource {
    type Config = Config;

    fn resources(config: &Config) -> Result<Vec<Resource>> {
        Ok(resources(config))
    }

    async fn open(config: Config, _: &OpenContext) -> Result<Self> {
        Ok(Self {
            here: Here::open(&config).await?,
            mine: Mutex::new(Some(HashSet::new())),
        })
    }
}

#[async_trait]
impl NewCrashSource for SharingSource {
    async fn receive(&self, _: &Context, request: Receive) -> Result<Vec<Delivery>> {
        self.here.work("receive").await?;
        let place = &self.here.place;
        let mut arrived = place.arrived.subscribe();
        if place.queue.lock().unwrap().is_empty() && !request.wait.is_zero() {
            let _ = tokio::time::timeout(request.wait, arrived.changed()).await;
        }
        let mut mine = self.mine.lock().unwrap();
        let Some(mine) = &mut *mine else {
            return Err(Error::new(ErrorKind::Cancelled, "it is closed"));
        };
        let mut queue = place.queue.lock().unwrap();
        let mut deliveries = Vec::new();
        while deliveries.len() < request.max.get()
            && let Some(id) = queue.pop_front()
        {
            let token = Token(place.tokens.fetch_add(1, Ordering::SeqCst));
            place.out.lock().unwrap().insert(token, id.clone());
            mine.insert(token);
            deliveries.push(Delivery { id, token });
        }
        Ok(deliveries)
    }

    async fn settle(&self, _: &Context, token: Token, settlement: Settlement) -> Result<()> {
        let place = &self.here.place;
        if let Some(mine) = &mut *self.mine.lock().unwrap() {
            mine.remove(&token);
        }
        let Some(id) = place.out.lock().unwrap().remove(&token) else {
            return Ok(());
        };
        match settlement {
            Settlement::Ack => place.acked.lock().unwrap().push(id),
            Settlement::Nack { .. } | Settlement::GiveBack => place.arrive(id),
        }
        Ok(())
    }

    async fn close(&self, _: &Context) -> Result<()> {
        let mine = self.mine.lock().unwrap().take();
        for token in mine.into_iter().flatten() {
            let id = self.here.place.out.lock().unwrap().remove(&token);
            id.into_iter().for_each(|id| self.here.place.arrive(id));
        }
        self.here.close().await
    }
}

export_plugin! { name: "sharing", storage: SharingStorage, source: SharingSource }
