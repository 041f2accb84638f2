use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::Options;
use super::error::{ConfigError, Wrong};
use super::tree::join;
use crate::crash::{Limits, Redaction};
use crate::options::ByteSize;
use crate::plugin::loader::LoaderOptions;
use crate::transaction::Policy;

/// What a processed crash does not show unless `[redaction] forbidden_keys` says otherwise: what Socorro hid.
pub const DEFAULT_FORBIDDEN_KEYS: [&str; 9] = [
    "url",
    "email",
    "user_id",
    "exploitability",
    "json_dump.sensitive",
    "upload_file_minidump_flash1.json_dump.sensitive",
    "upload_file_minidump_flash2.json_dump.sensitive",
    "upload_file_minidump_browser.json_dump.sensitive",
    "memory_info",
];

/// A whole configuration, checked as far as that goes without plugins. Two can be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration {
    /// `[plugins]`: where libraries are found and how they are run.
    pub plugins: LoaderOptions,
    /// `[limits]`: how large a crash may be.
    pub limits: Limits,
    /// `[redaction]`: what readers of processed crashes do not see.
    pub redaction: Redaction,
    /// `[reload]`: deadlines of reload and shutdown.
    pub reload: ReloadConfig,
    /// `[control]`: how a running program is talked to.
    pub control: ControlConfig,
    /// `[storage.NAME]`, by name.
    pub storages: BTreeMap<String, InstanceConfig>,
    /// `[source.NAME]`, by name.
    pub sources: BTreeMap<String, InstanceConfig>,
    /// `[pipeline.NAME]`, by name.
    pub pipelines: BTreeMap<String, PipelineConfig>,
}

/// `[reload]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReloadConfig {
    /// How long operations on what was replaced or removed may go on. Default 30 s.
    pub drain_timeout: Duration,
    /// How long a whole attempt may take, from reading files to commit. Default 60 s.
    pub timeout: Duration,
    /// How long operations wait at most for a storage that a reload has to close before it opens another; half
    /// of it is for the new one, half for the way back. Default 30 s.
    pub park_timeout: Duration,
    /// How long shutdown waits for operations in flight. Default 30 s.
    pub shutdown_timeout: Duration,
    /// Where the configuration that was last adopted is kept, to start from when the files are broken. Default:
    /// nowhere.
    pub keep: Option<PathBuf>,
}

impl Default for ReloadConfig {
    fn default() -> Self {
        Self {
            drain_timeout: Duration::from_secs(30),
            timeout: Duration::from_secs(60),
            park_timeout: Duration::from_secs(30),
            shutdown_timeout: Duration::from_secs(30),
            keep: None,
        }
    }
}

/// `[control]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ControlConfig {
    /// Where the socket is that `socorro status` and `socorro reload` talk to. Default: there is none.
    pub socket: Option<PathBuf>,
    /// Where the `socorro` command offers metrics and health over HTTP. Default: nowhere.
    pub metrics: Option<SocketAddr>,
}

/// One storage or source.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceConfig {
    /// Its configured name.
    pub name: String,
    /// `type`: a plugin's name or a composite.
    pub type_name: String,
    /// `library`: the plugin's library, when it is not looked for by name.
    pub library: Option<PathBuf>,
    /// What the host does around it.
    pub host: HostOptions,
    /// `stores` of a composite: the names of its children, all of them configured storages. Empty otherwise.
    pub stores: Vec<String>,
    /// The plugin's options, with those taken over by `use`, not yet checked against its schema.
    pub options: Options,
}

impl InstanceConfig {
    /// Something wrong with its own `key`, or with the whole when that is empty.
    pub(crate) fn wrong(&self, key: &str, wrong: Wrong) -> ConfigError {
        let (whole, last) = (self.options.key(), key);
        let key = if key.is_empty() {
            whole.to_owned()
        } else {
            join(whole, key)
        };
        match self.options.node_beside(last) {
            Some(node) => ConfigError::about(node, &key, wrong),
            None => ConfigError::new(self.options.origin().clone(), key, wrong),
        }
    }
}

/// Keys of a storage or source that are the host's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostOptions {
    /// `start`: what happens when the backend cannot be reached.
    pub start: Start,
    /// `retry`: how operations that failed are tried again. Default `once`. With another policy the delays are
    /// there, written or not.
    pub retry: Policy,
    /// `timeout`: how long one attempt may take. Default 60 s.
    pub timeout: Duration,
    /// `max_operations`: operations in flight beyond which new ones are refused. Default 256.
    pub max_operations: usize,
    /// `max_bytes`: bytes in flight beyond which new operations are refused. Default 512 MiB.
    pub max_bytes: ByteSize,
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            start: Start::Required,
            retry: Policy::default(),
            timeout: Duration::from_secs(60),
            max_operations: 256,
            max_bytes: ByteSize(512 << 20),
        }
    }
}

/// What happens when a backend cannot be reached at start or reload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// `required`: start and reload are refused.
    #[default]
    Required,
    /// `degraded`: it joins as unavailable and is probed until it is back.
    Degraded,
}

/// One pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineConfig {
    /// The source that ids come from.
    pub source: String,
    /// The storage that crashes are read from.
    pub from: String,
    /// The storages that each must hold a crash before it is acknowledged; not empty.
    pub to: Vec<String>,
    /// What happens to a crash that is durable at every destination.
    pub after: After,
    /// Crashes moved at a time. Default 8.
    pub concurrency: usize,
}

/// What happens to a crash that is durable at every destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum After {
    /// `ack`: acknowledged to the source.
    #[default]
    Ack,
    /// `ack_and_delete`: acknowledged, then deleted where it was read.
    AckAndDelete,
}
