use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use socorro_core::options::{HumanDuration, Secret};
use socorro_plugin_filesystem::StorageConfig;

/// Options.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WitnessConfig {
    /// The directory that holds the crashes.
    pub root: PathBuf,
    /// Where calls are written down.
    pub log: PathBuf,
    /// Who is called; written down with each call.
    pub name: String,
    /// Which configuration this is; written down with each call.
    #[serde(default)]
    pub revision: u64,
    /// Anything: another one makes another instance.
    #[serde(default)]
    pub password: Option<Secret>,
}

impl WitnessConfig {
    pub(crate) fn storage(&self) -> StorageConfig {
        StorageConfig {
            root: self.root.clone(),
            layout: Default::default(),
            sweep_after: HumanDuration(Duration::from_secs(3600)),
        }
    }
}
