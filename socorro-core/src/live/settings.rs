//! The tables that are no instances, as a reload compares them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::plan::{Part, Shape};
use crate::config::{Configuration, ControlConfig, ReloadConfig};
use crate::crash::{Limits, Redaction};
use crate::plugin::loader::LoaderOptions;

/// `[limits]`, `[redaction]`, `[reload]`, `[plugins]`, `[control]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Settings {
    pub(super) limits: Limits,
    pub(super) redaction: Arc<Redaction>,
    pub(super) reload: ReloadConfig,
    pub(super) plugins: LoaderOptions,
    pub(super) control: ControlConfig,
}

/// One of these tables.
#[derive(Clone, Debug, PartialEq)]
pub enum Setting {
    /// `[limits]`
    Limits(Limits),
    /// `[redaction]`
    Redaction(Redaction),
    /// `[reload]`
    Reload(ReloadConfig),
    /// `[plugins]`
    Plugins(LoaderOptions),
    /// `[control]`
    Control(ControlConfig),
}

impl Setting {
    /// Does it take a restart to come from this to `wanted`?
    pub(super) fn takes_restart(&self, wanted: &Self) -> bool {
        match (self, wanted) {
            // Taken when the first instance of a library is made.
            (Self::Plugins(old), Self::Plugins(new)) => {
                (old.worker_threads, old.blocking_threads)
                    != (new.worker_threads, new.blocking_threads)
            }
            (Self::Control(old), Self::Control(new)) => old != new,
            _ => false,
        }
    }
}

impl Settings {
    pub(super) fn of(configuration: &Configuration) -> Self {
        Self {
            limits: configuration.limits,
            redaction: Arc::new(configuration.redaction.clone()),
            reload: configuration.reload.clone(),
            plugins: configuration.plugins.clone(),
            control: configuration.control.clone(),
        }
    }

    pub(super) fn shapes(&self) -> BTreeMap<Part, Shape> {
        let settings = [
            ("limits", Setting::Limits(self.limits)),
            (
                "redaction",
                Setting::Redaction(Redaction::clone(&self.redaction)),
            ),
            ("reload", Setting::Reload(self.reload.clone())),
            ("plugins", Setting::Plugins(self.plugins.clone())),
            ("control", Setting::Control(self.control.clone())),
        ];
        settings
            .into_iter()
            .map(|(name, setting)| (Part::Settings(name.to_owned()), Shape::Setting(setting)))
            .collect()
    }

    /// What is in force once `wanted` is adopted: what only a restart changes stays, so that every report says
    /// so until then.
    pub(super) fn adopt(&self, wanted: Self) -> Self {
        let mut plugins = wanted.plugins;
        plugins.worker_threads = self.plugins.worker_threads;
        plugins.blocking_threads = self.plugins.blocking_threads;
        Self {
            plugins,
            control: self.control.clone(),
            ..wanted
        }
    }
}
