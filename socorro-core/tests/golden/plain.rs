//! A storage that keeps nothing and needs a place for itself.

use socorro_core::plugin::Resource;
use socorro_core::plugin::author::{OpenContext, StoragePlugin};
use socorro_core::storage::{Capabilities, CrashStorage};
use socorro_core::{Result, async_trait, export_plugin};

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Where it is.
    place: String,
}

pub(crate) struct Plain;

#[async_trait]
impl StoragePlugin for Plain {
    type Config = Config;

    fn resources(config: &Config) -> Result<Vec<Resource>> {
        Ok(vec![Resource::new("place", &config.place)])
    }

    async fn open(_: Config, _: &OpenContext) -> Result<Self> {
        Ok(Self)
    }
}

#[async_trait]
impl CrashStorage for Plain {
    fn capabilities(&self) -> Capabilities {
        Capabilities::empty()
    }
}

export_plugin! { name: "plain", storage: Plain }
