//! A virtual host of a test's own with the users of the documentation, and the plugin on it.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use socorro_core::conformance::data::Maker;
use socorro_core::crash::{CrashDate, CrashId, Dumps, Limits, RawCrash};
use socorro_core::plugin::loader::{Loader, LoaderOptions};
use socorro_core::plugin::{OpenOptions, Plugin, PluginSource, PluginStorage};
use socorro_core::source::{Delivery, NewCrashSource, Receive, Settlement};
use socorro_core::storage::CrashStorage;
use socorro_core::{Context, Result};
use socorro_testkit::plugins::{Profile, directory};
use socorro_testkit::services::{self, Kind, Server};

use crate::documented::{self, User};

/// Long enough for a busy machine whose disk stalls for half a minute, more than once; only a failure takes so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A virtual host, removed when dropped.
pub(crate) struct Vhost {
    pub(crate) server: Server,
    pub(crate) name: String,
    /// The options of this test beside where and who.
    pub(crate) options: Value,
    removed: bool,
}

impl Vhost {
    /// On the shared server, with the queues of the documentation.
    pub(crate) fn shared() -> Self {
        let vhost = Self::bare(services::shared(Kind::Rabbitmq).unwrap());
        vhost.make_queues();
        vhost
    }

    /// On this server, without queues.
    pub(crate) fn bare(server: Server) -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "socorro test {} {}",
            std::process::id(),
            LAST.fetch_add(1, Ordering::Relaxed)
        );
        let vhost = Self {
            server,
            name,
            options: json!({}),
            removed: false,
        };
        vhost.ask(
            "PUT",
            &format!("/api/vhosts/{}", escape(&vhost.name)),
            &json!({}),
        );
        let administrator = User {
            name: vhost.server.user.clone(),
            permissions: [".*", ".*", ".*"].map(str::to_owned),
        };
        vhost.permit(&administrator);
        for user in documented::users() {
            let user = User {
                name: vhost.user(&user.name),
                ..user
            };
            let path = format!("/api/users/{}", escape(&user.name));
            vhost.ask("PUT", &path, &json!({ "password": PASSWORD, "tags": "" }));
            vhost.permit(&user);
        }
        vhost
    }

    fn permit(&self, user: &User) {
        let path = format!(
            "/api/permissions/{}/{}",
            escape(&self.name),
            escape(&user.name)
        );
        let [configure, write, read] = &user.permissions;
        self.ask(
            "PUT",
            &path,
            &json!({ "configure": configure, "write": write, "read": read }),
        );
    }

    /// The queues as the documentation declares them by hand.
    pub(crate) fn make_queues(&self) {
        for (queue, arguments) in documented::queues() {
            self.make_queue(&queue, &arguments);
        }
    }

    pub(crate) fn make_queue(&self, queue: &str, arguments: &Value) {
        let body = json!({ "durable": true, "arguments": arguments });
        self.ask("PUT", &self.queue(queue), &body);
    }

    pub(crate) fn queue(&self, queue: &str) -> String {
        format!("/api/queues/{}/{}", escape(&self.name), escape(queue))
    }

    /// Asks the management interface.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> Vec<u8> {
        let answer = self.server.request(method, path, Some(body)).unwrap();
        answer
            .success()
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        answer.body
    }

    /// The name of a documented user in this virtual host.
    pub(crate) fn user(&self, documented: &str) -> String {
        format!("{documented} {}", self.name)
    }

    /// The options of an instance of this user, `more` on top. Its limits are [`PATIENCE`]: who wants less says so.
    pub(crate) fn options(&self, user: &str, more: &Value) -> Value {
        let url = self.url(&self.server.url, user);
        let declare = user == "socorro-setup";
        merged([
            &json!({ "url": url, "password": PASSWORD, "declare": declare }),
            &json!({ "connect_timeout": "2min", "request_timeout": "2min" }),
            &self.options,
            more,
        ])
    }

    /// `at` with the user and the virtual host.
    pub(crate) fn url(&self, at: &str, user: &str) -> String {
        let (scheme, place) = at.split_once("://").unwrap();
        format!(
            "{scheme}://{}@{place}/{}",
            escape(&self.user(user)),
            escape(&self.name)
        )
    }

    pub(crate) async fn storage(&self, more: &Value) -> Result<PluginStorage> {
        storage(&self.options("socorro-publisher", more)).await
    }

    pub(crate) async fn source(&self, more: &Value) -> Result<PluginSource> {
        source(&self.options("socorro-consumer", more)).await
    }

    pub(crate) fn remove(&mut self) {
        self.removed = true;
        for user in documented::users() {
            let path = format!("/api/users/{}", escape(&self.user(&user.name)));
            let _ = self.server.request("DELETE", &path, None);
        }
        let _ = self.server.request(
            "DELETE",
            &format!("/api/vhosts/{}", escape(&self.name)),
            None,
        );
    }

    /// Takes all messages out of a queue, by the management interface.
    pub(crate) fn drain(&self, queue: &str) -> Vec<String> {
        let body = json!({ "count": 10_000, "ackmode": "ack_requeue_false", "encoding": "auto" });
        let answer = self.ask("POST", &format!("{}/get", self.queue(queue)), &body);
        let messages: Vec<Value> = serde_json::from_slice(&answer).unwrap();
        let body = |message: &Value| message["payload"].as_str().unwrap().to_owned();
        messages.iter().map(body).collect()
    }

    /// How many messages a queue holds, those that are out included, as the broker counted them some seconds ago.
    pub(crate) fn counted(&self, queue: &str) -> Option<u64> {
        let answer = self.ask("GET", &self.queue(queue), &json!(null));
        let queue: Value = serde_json::from_slice(&answer).unwrap();
        queue["messages"].as_u64()
    }

    /// Publishes a message as another producer would.
    pub(crate) fn publish(&self, queue: &str, body: &str) {
        let path = format!("/api/exchanges/{}/amq.default/publish", escape(&self.name));
        let message = json!({
            "routing_key": queue, "payload": body, "payload_encoding": "string",
            "properties": { "delivery_mode": 2 },
        });
        self.ask("POST", &path, &message);
    }
}

impl Drop for Vhost {
    fn drop(&mut self) {
        if !self.removed {
            self.remove();
        }
    }
}

/// Begins as every secret of a test does: `socorro_testkit::canary`.
pub(crate) const PASSWORD: &str = "ca9a27ca9a27 of a test, with / and @";

fn merged<'a>(parts: impl IntoIterator<Item = &'a Value>) -> Value {
    let mut all = serde_json::Map::new();
    for part in parts {
        all.extend(part.as_object().unwrap().clone());
    }
    Value::Object(all)
}

pub(crate) fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// The plugin from its library, loaded once.
async fn load() -> Arc<Plugin> {
    static LOADED: tokio::sync::OnceCell<Arc<Plugin>> = tokio::sync::OnceCell::const_new();
    LOADED.get_or_init(load_once).await.clone()
}

async fn load_once() -> Arc<Plugin> {
    let options = LoaderOptions {
        path: vec![directory(&["rabbitmq"], Profile::Dev).unwrap()],
        ..LoaderOptions::default()
    };
    let plugin = Loader::new(options).load("rabbitmq", None).await.unwrap();
    assert!(plugin.image().sha256.is_some(), "it is linked, not loaded");
    plugin
}

pub(crate) async fn storage(options: &Value) -> Result<PluginStorage> {
    load()
        .await
        .open_storage("queue", options, &open_options())
        .await
}

pub(crate) async fn source(options: &Value) -> Result<PluginSource> {
    load()
        .await
        .open_source("new", options, &open_options())
        .await
}

fn open_options() -> OpenOptions {
    OpenOptions {
        timeout: PATIENCE,
        ..OpenOptions::default()
    }
}

/// So many ids, the same for the same seed.
pub(crate) fn ids(seed: u64, count: usize) -> Vec<CrashId> {
    let mut maker = Maker::new(seed);
    let day = CrashDate::new(2026, 3, 4).unwrap();
    (0..count).map(|_| maker.id(day)).collect()
}

pub(crate) fn cx() -> Context {
    Context::new().with_timeout(PATIENCE)
}

pub(crate) async fn save(storage: &PluginStorage, id: &CrashId) -> Result<()> {
    save_within(storage, id, PATIENCE).await
}

pub(crate) async fn save_within(
    storage: &PluginStorage,
    id: &CrashId,
    limit: Duration,
) -> Result<()> {
    let raw = RawCrash::new("{}", &Limits::default()).unwrap();
    let cx = Context::new().with_timeout(limit);
    storage.save_raw_crash(&cx, id, &raw, &Dumps::new()).await
}

/// Saves all, 64 at a time, each again until it succeeds; gives how many had to be saved again.
pub(crate) async fn save_all(storage: &PluginStorage, ids: &[CrashId]) -> Vec<CrashId> {
    let room = Arc::new(tokio::sync::Semaphore::new(64));
    let saves = ids.iter().map(|id| {
        let (storage, id, room) = (storage.clone(), *id, room.clone());
        tokio::spawn(async move {
            let _permit = room.acquire_owned().await.unwrap();
            let deadline = Instant::now() + PATIENCE;
            let mut again = false;
            while let Err(error) = save(&storage, &id).await {
                assert!(
                    error.is_retryable() && Instant::now() < deadline,
                    "{error:?}"
                );
                again = true;
                // Not to wait for something: a caller's pause between attempts.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            again.then_some(id)
        })
    });
    let mut twice = Vec::new();
    for saved in saves.collect::<Vec<_>>() {
        twice.extend(saved.await.unwrap());
    }
    twice
}

/// Receives, again after an error that passes.
pub(crate) async fn receive(source: &PluginSource, max: usize, wait: Duration) -> Vec<Delivery> {
    let deadline = Instant::now() + PATIENCE;
    let max = NonZeroUsize::new(max).unwrap();
    loop {
        match source.receive(&cx(), Receive { max, wait }).await {
            Ok(deliveries) => return deliveries,
            Err(error) => assert!(
                error.is_retryable() && Instant::now() < deadline,
                "{error:?}"
            ),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) async fn ack(source: &PluginSource, delivery: &Delivery) {
    source
        .settle(&cx(), delivery.token, Settlement::Ack)
        .await
        .unwrap();
}

/// Receives and acknowledges until so many different crashes came and then nothing for half a second; how often
/// each came.
pub(crate) async fn drain(source: &PluginSource, expected: usize) -> BTreeMap<String, usize> {
    let mut came = BTreeMap::new();
    loop {
        let wait = if came.len() < expected {
            PATIENCE
        } else {
            Duration::from_millis(500)
        };
        let deliveries = receive(source, 50, wait).await;
        if deliveries.is_empty() {
            return came;
        }
        for delivery in deliveries {
            *came.entry(delivery.id.to_string()).or_default() += 1;
            ack(source, &delivery).await;
        }
    }
}

/// Waits until the broker counts nothing in the queue any more: it has heard every acknowledgement, also those
/// whose connection was cut and that are repeated when their messages come again. What is handed out meanwhile.
///
/// A close waits for that, too, but for two seconds, and a disk may stall for longer.
pub(crate) async fn until_heard(vhost: &Vhost, source: &PluginSource, queue: &str) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    let mut came = Vec::new();
    while vhost.counted(queue) != Some(0) {
        assert!(Instant::now() < deadline, "{queue}: not empty");
        // Connects again if it has to.
        for delivery in receive(source, 1, Duration::from_millis(200)).await {
            ack(source, &delivery).await;
            came.push(delivery.id.to_string());
        }
    }
    came
}

/// Waits until `holds`; fails after [`PATIENCE`].
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
