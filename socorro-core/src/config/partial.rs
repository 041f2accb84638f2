//! What of a configuration with mistakes can still be checked, so that all of them are told at once.

use std::collections::BTreeSet;

use super::composite::is_composite;
use super::error::{ConfigError, ConfigErrors};
use super::tree::join;
use super::{Configuration, InstanceConfig};

/// A configuration, right or wrong.
pub(crate) struct Partly {
    /// As far as it could be read.
    pub(crate) configuration: Configuration,
    /// What is wrong, as far as that can be told without plugins.
    pub(crate) errors: ConfigErrors,
    /// The tables of which it is unclear what they take over.
    pub(crate) unclear: BTreeSet<String>,
}

impl Partly {
    /// Can the options of `[section.NAME]` be checked by the plugin's schema? Not when it is unclear which plugin
    /// that is, where plugins are, or what the options are: one mistake would be told as several.
    pub(crate) fn is_checkable(&self, section: &str, instance: &InstanceConfig) -> bool {
        if self.errors.0.is_empty() {
            return true;
        }
        let table = join(section, &instance.name);
        let own = ["type", "library"].map(|key| join(&table, key));
        let hides = |error: &ConfigError| {
            let key = error.key.as_str();
            let plugins = ["plugins", "plugins.path", "plugins.sha256", "plugins.stage"];
            key == table || own.iter().any(|own| own == key) || plugins.contains(&key)
        };
        !is_composite(&instance.type_name)
            && !self.unclear.contains(&table)
            && !self.errors.iter().any(hides)
    }
}
