//! Indices of a test's own on a server, removed when it is over.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use socorro_core::crash::{CrashId, Limits, ProcessedCrash};
use socorro_core::options::HumanDuration;
use socorro_core::plugin::loader::{Loader, LoaderOptions};
use socorro_core::plugin::{OpenOptions, Plugin, PluginStorage};
use socorro_core::{Context, Result};
use socorro_testkit::plugins::{Profile, directory};
use socorro_testkit::services::{Kind, Server, shared};

use crate::account;

/// How long what has to come may take: disks stall for half a minute.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A prefix of index names on a server, and an account for it.
pub(crate) struct Place {
    pub(crate) server: Server,
    pub(crate) prefix: String,
    pub(crate) account: Value,
}

impl Place {
    /// On the shared server, with an account for these indices and nothing else.
    pub(crate) fn shared(kind: Kind) -> Self {
        Self::on(shared(kind).unwrap())
    }

    pub(crate) fn on(server: Server) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap();
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("t{:x}x{}x{number}", now.as_nanos(), std::process::id());
        let account = account::user(&server, &prefix);
        Self {
            server,
            prefix,
            account,
        }
    }

    /// The plugin's options, `more` over the usual ones.
    pub(crate) fn options(&self, more: &Value) -> Value {
        let mut options = json!({
            "urls": [self.server.url], "index": format!("{}%Y%W", self.prefix), "replicas": 0,
            "request_timeout": "2min",
        });
        for (key, value) in self
            .account
            .as_object()
            .unwrap()
            .iter()
            .chain(more.as_object().unwrap())
        {
            options[key] = value.clone();
        }
        options
    }

    pub(crate) async fn open(&self, more: &Value) -> Result<PluginStorage> {
        open(&self.options(more)).await
    }

    /// The index of week 43 of 2007, to which all of [`id`] go.
    pub(crate) fn index(&self) -> String {
        format!("{}200743", self.prefix)
    }

    /// What the administrator sees of a document.
    pub(crate) fn document(&self, id: &CrashId) -> Value {
        self.get(&format!("/{}/_doc/{id}", self.index()))["_source"].clone()
    }

    /// How many documents there are.
    pub(crate) fn count(&self) -> u64 {
        let all = format!("/{}20*", self.prefix);
        self.server
            .request("POST", &format!("{all}/_refresh"), None)
            .unwrap()
            .success()
            .unwrap();
        self.get(&format!("{all}/_count"))["count"]
            .as_u64()
            .unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = self.server.request("GET", path, None).unwrap();
        answer.success().unwrap();
        answer.json().unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let pattern = format!("/{}20*/_alias?expand_wildcards=all", self.prefix);
        // A server that was killed has nothing to remove.
        let Ok(Ok(indices)) = self
            .server
            .request("GET", &pattern, None)
            .map(|answer| answer.json())
        else {
            return;
        };
        for name in indices
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name)
        {
            if name.starts_with(&self.prefix) {
                drop(self.server.request("DELETE", &format!("/{name}"), None));
            }
        }
        drop(
            self.server
                .request("DELETE", &format!("/_index_template/{}", self.prefix), None),
        );
        if !self.server.user.is_empty() {
            drop(
                self.server
                    .request("DELETE", &format!("/_security/user/{}", self.prefix), None),
            );
            drop(
                self.server
                    .request("DELETE", &format!("/_security/role/{}", self.prefix), None),
            );
        }
    }
}

/// The plugin, from its library; one loader, so that the file is hashed and copied once.
pub(crate) async fn plugin() -> Arc<Plugin> {
    static LOADER: OnceLock<Loader> = OnceLock::new();
    let loader = LOADER.get_or_init(|| {
        Loader::new(LoaderOptions {
            path: vec![directory(&["elasticsearch"], Profile::Dev).unwrap()],
            timeout: HumanDuration(PATIENCE),
            ..LoaderOptions::default()
        })
    });
    let plugin = loader.load("elasticsearch", None).await.unwrap();
    assert!(plugin.image().sha256.is_some(), "it is linked, not loaded");
    plugin
}

pub(crate) async fn open(options: &Value) -> Result<PluginStorage> {
    let how = OpenOptions {
        timeout: PATIENCE,
        ..OpenOptions::default()
    };
    plugin().await.open_storage("search", options, &how).await
}

/// A crash id of this number, in week 43 of 2007.
pub(crate) fn id(number: u32) -> CrashId {
    format!("{number:08x}-8721-460c-dead-a43c20071025")
        .parse()
        .unwrap()
}

pub(crate) fn crash(text: impl Into<String>) -> ProcessedCrash {
    ProcessedCrash::new(text.into(), &Limits::default()).unwrap()
}

pub(crate) fn cx() -> Context {
    Context::new().with_timeout(PATIENCE)
}
