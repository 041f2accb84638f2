//! What of a configuration with mistakes can still be checked, so that all of them are told at once.

use super::composite::is_composite;
use super::error::ConfigErrors;
use super::tree::join;
use super::{ConfigError, InstanceConfig};

impl ConfigErrors {
    /// Can the options of `[section.NAME]` be checked by its plugin's schema, although this is wrong? Not when it is
    /// unclear which plugin that is, or what the options are: one mistake would be told as several.
    pub(crate) fn leave_checkable(&self, section: &str, instance: &InstanceConfig) -> bool {
        let table = join(section, &instance.name);
        let own = ["type", "library"].map(|key| join(&table, key));
        let unclear = |error: &ConfigError| {
            let key = error.key.as_str();
            key == "plugins"
                || key.starts_with("plugins.")
                || key.ends_with(".use")
                || key == table
                || own.iter().any(|own| own == key)
        };
        self.0.is_empty() || !(is_composite(&instance.type_name) || self.0.iter().any(unclear))
    }
}
