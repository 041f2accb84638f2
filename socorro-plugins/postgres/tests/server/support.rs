//! A database of one's own, set up by the SQL of docs/postgres.md, and the loaded plugin.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

use postgres::{Client, NoTls, SimpleQueryMessage};
use serde_json::{Value, json};
use socorro_core::conformance::data::{Maker, Sample};
use socorro_core::crash::{CrashDate, CrashId};
use socorro_core::plugin::loader::{Loader, LoaderOptions};
use socorro_core::plugin::{OpenOptions, Plugin, PluginSource, PluginStorage};
use socorro_core::source::{Delivery, NewCrashSource, Receive, Settlement};
use socorro_core::storage::CrashStorage;
use socorro_core::{Context, Error, Result};
use socorro_testkit::plugins::{Profile, directory};
use socorro_testkit::services::{self, Kind, Server};
use tokio::sync::OnceCell;

/// They begin as every secret of a test does: `socorro_testkit::canary`.
pub(crate) const OWNER_PASSWORD: &str = "ca9a27ca9a27-owner";
const APP_PASSWORD: &str = "ca9a27ca9a27-app";

const DOCS: &str = include_str!("../../../../docs/postgres.md");

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn shared() -> Server {
    services::shared(Kind::Postgres).unwrap()
}

/// A database with the two roles of the documentation. Removed when dropped.
pub(crate) struct Site {
    server: Server,
    /// Where clients connect: the server, or a proxy in front of it.
    address: String,
    suffix: String,
}

impl Site {
    /// On the shared server, tables made by the owner and granted to the other role.
    pub(crate) async fn new() -> Self {
        Self::on(shared()).await
    }

    /// The same on this server.
    pub(crate) async fn on(server: Server) -> Self {
        Self::with(server, json!({})).await
    }

    /// The same, its schema made with these options.
    pub(crate) async fn with(server: Server, options: Value) -> Self {
        let site = Self::bare(server);
        site.migrate(options).await;
        site.grant();
        site
    }

    /// Roles and an empty schema, no tables.
    pub(crate) fn bare(server: Server) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros();
        let address = server.address().unwrap().to_string();
        let site = Self {
            server,
            address,
            suffix: format!("{}_{number}_{now}", std::process::id()),
        };
        site.documented(0, "postgres", None);
        site.documented(1, &site.database(), None);
        site
    }

    /// Runs one block of SQL of the documentation.
    fn documented(&self, block: usize, database: &str, role: Option<&str>) {
        let blocks = DOCS.split("```sql\n").skip(1);
        let block = blocks
            .map(|rest| rest.split("```").next().unwrap())
            .nth(block);
        for statement in block.unwrap().split(";\n").map(str::trim) {
            if !statement.is_empty() {
                self.sql_as(role, database, &self.renamed(statement));
            }
        }
    }

    /// The names of the documentation made this site's own.
    fn renamed(&self, sql: &str) -> String {
        sql.replace("socorro_owner", &self.owner())
            .replace("socorro_app", &self.app())
            .replace("owner-password", OWNER_PASSWORD)
            .replace("app-password", APP_PASSWORD)
            .replace("DATABASE crashes", &format!("DATABASE {}", self.database()))
    }

    /// The owner makes the tables.
    pub(crate) async fn migrate(&self, options: Value) {
        let storage = self.storage_as_owner(options).await.unwrap();
        close(&storage).await;
    }

    /// The owner grants.
    pub(crate) fn grant(&self) {
        self.documented(2, &self.database(), Some(&self.owner()));
    }

    pub(crate) fn database(&self) -> String {
        format!("crashes_{}", self.suffix)
    }

    pub(crate) fn owner(&self) -> String {
        format!("owner_{}", self.suffix)
    }

    pub(crate) fn app(&self) -> String {
        format!("app_{}", self.suffix)
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// Clients connect here from now on.
    pub(crate) fn through(&mut self, address: std::net::SocketAddr) {
        self.address = address.to_string();
    }

    pub(crate) fn url(&self, user: &str) -> String {
        format!(
            "postgres://{user}@{}/{}?sslmode=disable",
            self.address,
            self.database()
        )
    }

    /// Options of a program: the role without rights to change tables.
    pub(crate) fn options(&self, more: Value) -> Value {
        let base = json!({
            "url": self.url(&self.app()), "password": APP_PASSWORD, "migrate": false,
            "connections": 4,
        });
        merged(base, more)
    }

    pub(crate) async fn storage(&self, more: Value) -> Result<PluginStorage> {
        storage(&self.options(more)).await
    }

    pub(crate) async fn storage_as_owner(&self, more: Value) -> Result<PluginStorage> {
        let base = json!({ "url": self.url(&self.owner()), "password": OWNER_PASSWORD });
        storage(&merged(base, more)).await
    }

    pub(crate) async fn source(&self, more: Value) -> Result<PluginSource> {
        let base =
            json!({ "queue": "new", "poll": "20ms", "redeliver_after": "100ms", "connections": 2 });
        source(&self.options(merged(base, more))).await
    }

    /// Runs SQL as administrator.
    pub(crate) fn sql(&self, sql: &str) -> Vec<Vec<String>> {
        self.sql_as(None, &self.database(), sql)
    }

    fn config(&self, role: Option<&str>, database: &str) -> postgres::Config {
        let mut config = postgres::Config::new();
        let address = self.server.address().unwrap();
        config
            .host(&address.ip().to_string())
            .port(address.port())
            .dbname(database)
            .ssl_mode(postgres::config::SslMode::Disable);
        match role {
            Some(role) => config.user(role).password(OWNER_PASSWORD),
            None => config
                .user(&self.server.user)
                .password(&self.server.password),
        };
        config
    }

    fn sql_as(&self, role: Option<&str>, database: &str, sql: &str) -> Vec<Vec<String>> {
        let (config, sql) = (self.config(role, database), sql.to_owned());
        // The client must not be used on a thread of an async runtime.
        std::thread::spawn(move || {
            let mut client: Client = config.connect(NoTls).unwrap();
            rows(
                client
                    .simple_query(&sql)
                    .unwrap_or_else(|error| panic!("{sql}: {error:?}")),
            )
        })
        .join()
        .unwrap()
    }

    /// Runs SQL as administrator on a connection that stays open until what this returns is dropped. Its
    /// transaction is then rolled back.
    pub(crate) fn hold(&self, sql: &str) -> Held {
        let (config, sql) = (self.config(None, &self.database()), sql.to_owned());
        let (begun, has_begun) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            let mut client = config.connect(NoTls).unwrap();
            client.batch_execute(&sql).unwrap();
            begun.send(()).unwrap();
            // The other end is dropped.
            let _ = ended.recv();
            // The server gives locks back when it answers, and some time after a connection was closed. Without a
            // server there are no locks.
            let _ = client.batch_execute("ROLLBACK");
        });
        has_begun.recv().unwrap();
        Held(Some((end, thread)))
    }

    /// The first column of the first row, as a number.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        self.sql(sql)[0][0].parse().unwrap()
    }
}

/// A connection that somebody keeps open.
pub(crate) struct Held(Option<(std::sync::mpsc::Sender<()>, std::thread::JoinHandle<()>)>);

impl Drop for Held {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.0.take() {
            drop(end);
            thread.join().unwrap();
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // A test that failed may have left the server in any state.
        if std::thread::panicking() || !self.server.accepts() {
            return;
        }
        let gone = [
            format!("DROP DATABASE {} WITH (FORCE)", self.database()),
            format!("DROP ROLE {}", self.app()),
            format!("DROP ROLE {}", self.owner()),
        ];
        for sql in gone {
            self.sql_as(None, "postgres", &sql);
        }
    }
}

fn rows(messages: Vec<SimpleQueryMessage>) -> Vec<Vec<String>> {
    let row = |message| match message {
        SimpleQueryMessage::Row(row) => {
            let columns = 0..row.len();
            Some(
                columns
                    .map(|column| row.get(column).unwrap_or("null").to_owned())
                    .collect(),
            )
        }
        _ => None,
    };
    messages.into_iter().filter_map(row).collect()
}

pub(crate) fn merged(mut base: Value, more: Value) -> Value {
    let (Value::Object(base_map), Value::Object(more)) = (&mut base, more) else {
        panic!("options are tables");
    };
    base_map.extend(more);
    base
}

/// The plugin, from its library, loaded once.
pub(crate) async fn plugin() -> Arc<Plugin> {
    static LOADED: OnceCell<Arc<Plugin>> = OnceCell::const_new();
    let loaded = LOADED.get_or_init(|| async {
        let path = tokio::task::spawn_blocking(|| directory(&["postgres"], Profile::Dev));
        let options = LoaderOptions {
            path: vec![path.await.unwrap().unwrap()],
            ..LoaderOptions::default()
        };
        let plugin = Loader::new(options).load("postgres", None).await.unwrap();
        assert!(plugin.image().sha256.is_some(), "it is linked, not loaded");
        plugin
    });
    Arc::clone(loaded.await)
}

pub(crate) async fn storage(options: &Value) -> Result<PluginStorage> {
    plugin()
        .await
        .open_storage("subject", options, &OpenOptions::default())
        .await
}

pub(crate) async fn source(options: &Value) -> Result<PluginSource> {
    plugin()
        .await
        .open_source("subject", options, &OpenOptions::default())
        .await
}

pub(crate) fn cx() -> Context {
    Context::new().with_timeout(PATIENCE)
}

pub(crate) async fn close(storage: &PluginStorage) {
    storage.close(&cx()).await.unwrap();
}

/// The error of what should have failed.
pub(crate) fn failed<T>(done: Result<T>) -> Error {
    match done {
        Ok(_) => panic!("it succeeded"),
        Err(error) => error,
    }
}

pub(crate) fn today() -> CrashDate {
    CrashDate::of(SystemTime::now())
}

pub(crate) fn samples(seed: u64, count: usize, day: CrashDate) -> Vec<Sample> {
    let mut maker = Maker::new(seed);
    (0..count).map(|_| maker.sample(day).unwrap()).collect()
}

pub(crate) async fn save(storage: &dyn CrashStorage, sample: &Sample) -> Result<()> {
    storage
        .save_raw_crash(&cx(), &sample.id, &sample.raw, &sample.dumps)
        .await
}

/// It is there, whole.
pub(crate) async fn expect(storage: &dyn CrashStorage, sample: &Sample) {
    let id = sample.id.into();
    let raw = storage.get_raw_crash(&cx(), &id).await.unwrap();
    assert_eq!(raw.as_bytes(), sample.raw.as_bytes());
    let dumps = storage.get_dumps(&cx(), &id).await.unwrap();
    assert_eq!(dumps.len(), sample.dumps.len());
    for (name, dump) in sample.dumps.iter() {
        let there = dumps.get(name).unwrap().read().unwrap();
        assert!(there == dump.read().unwrap(), "{name} of {}", sample.id);
    }
}

pub(crate) async fn receive(
    source: &dyn NewCrashSource,
    max: usize,
    wait: Duration,
) -> Vec<Delivery> {
    let request = Receive {
        max: max.try_into().unwrap(),
        wait,
    };
    source.receive(&cx(), request).await.unwrap()
}

pub(crate) async fn ack(source: &dyn NewCrashSource, delivery: &Delivery) {
    source
        .settle(&cx(), delivery.token, Settlement::Ack)
        .await
        .unwrap();
}

/// The id as those who received it know it.
pub(crate) fn ids(deliveries: &[Delivery]) -> Vec<CrashId> {
    deliveries
        .iter()
        .map(|delivery| delivery.id.crash_id().unwrap())
        .collect()
}

/// Asks again and again until it is so.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let end = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
