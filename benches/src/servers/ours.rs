//! The loaded plugin, as a service has it: behind a handle of a running program.

use std::io::Write;

use anyhow::{Context, Result};
use async_trait::async_trait;
use serde_json::{Value, json};
use socorro_core::config::Layers;
use socorro_core::crash::{CrashId, DumpName, Dumps, StoredId};
use socorro_core::live::{Socorro, StorageHandle};
use tempfile::NamedTempFile;

use crate::crashes::Crash;
use crate::libraries;
use crate::servers::peer::Peer;

/// A storage of a program that runs in this process.
pub struct Ours {
    title: &'static str,
    handle: StorageHandle,
    /// Keeps the handle's storage open.
    _socorro: Socorro,
    /// Holds the secret: configuration takes none in plain text.
    _secret: NamedTempFile,
}

impl Ours {
    /// Builds the plugins, and opens the storage of these options and this secret, by option and value.
    ///
    /// # Errors
    /// When cargo cannot build them, or the server is not there.
    pub async fn open(
        title: &'static str,
        mut options: Value,
        (option, value): (&str, &str),
    ) -> Result<Self> {
        let mut secret = NamedTempFile::new()?;
        secret.write_all(value.as_bytes())?;
        let table = options.as_object_mut().context("options are a table")?;
        if !value.is_empty() {
            table.insert(option.to_owned(), json!({ "file": secret.path() }));
        }
        table.insert("timeout".to_owned(), "5min".into());
        table.insert("max_bytes".to_owned(), "4GiB".into());
        let layers = Layers::new().defaults(json!({
            "plugins": { "path": [libraries::directory()?] },
            "storage": { "server": options },
        }));
        let socorro = Socorro::start(layers).await?;
        Ok(Self {
            title,
            handle: socorro.storage("server")?,
            _socorro: socorro,
            _secret: secret,
        })
    }

    /// The storage.
    pub fn handle(&self) -> &StorageHandle {
        &self.handle
    }
}

#[async_trait]
impl Peer for Ours {
    fn title(&self) -> &'static str {
        self.title
    }

    async fn save(&self, id: &CrashId, crash: &Crash) -> Result<()> {
        let dumps = Dumps::single(crash.dump.clone());
        Ok(self.handle.save_raw_crash(id, &crash.raw, &dumps).await?)
    }

    async fn read(&self, id: &CrashId) -> Result<usize> {
        let id = StoredId::from(id);
        let raw = self.handle.get_raw_crash(&id).await?;
        let dump = self.handle.get_dump(&id, &DumpName::default()).await?;
        Ok(raw.as_bytes().len() + dump.len())
    }

    async fn delete(&self, id: &CrashId) -> Result<()> {
        Ok(self.handle.delete(&StoredId::from(id)).await?)
    }
}
