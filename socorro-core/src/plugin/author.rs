//! What a plugin author in Rust implements: the core trait plus one of these, then `export_plugin!`.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::Resource;
use crate::error::Result;
use crate::source::NewCrashSource;
use crate::storage::{Capabilities, CrashStorage};

/// A storage that can be made from its options.
#[async_trait]
pub trait StoragePlugin: CrashStorage + Sized {
    /// The options: documented fields, `#[serde(deny_unknown_fields)]`, defaults through `#[serde(default)]`.
    type Config: DeserializeOwned + JsonSchema + Send;

    /// What an instance can do at most, whatever its options: what `plugin show` tells. An instance that can do
    /// more is refused.
    const CAPABILITIES: Capabilities = Capabilities::all();

    /// What an instance with these options needs for itself. Looks at nothing but the options and, to make
    /// paths canonical, the local disk.
    fn resources(config: &Self::Config) -> Result<Vec<Resource>> {
        let _ = config;
        Ok(Vec::new())
    }

    /// Makes an instance. Runs on the plugin's own runtime under the host's deadline.
    ///
    /// `InvalidConfig` when the options can never work; `Unavailable` when the backend is not there now.
    async fn open(config: Self::Config, cx: &OpenContext) -> Result<Self>;
}

/// A source of new crashes that can be made from its options. See [`StoragePlugin`].
#[async_trait]
pub trait SourcePlugin: NewCrashSource + Sized {
    /// The options; see [`StoragePlugin::Config`].
    type Config: DeserializeOwned + JsonSchema + Send;

    /// See [`StoragePlugin::resources`].
    fn resources(config: &Self::Config) -> Result<Vec<Resource>> {
        let _ = config;
        Ok(Vec::new())
    }

    /// See [`StoragePlugin::open`].
    async fn open(config: Self::Config, cx: &OpenContext) -> Result<Self>;
}

/// Where an instance is being made.
#[derive(Clone, Debug)]
pub struct OpenContext {
    /// The configured name of the storage or source, for messages.
    pub name: String,
}
