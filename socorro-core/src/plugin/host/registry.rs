//! Every plugin of the process: they are never unloaded, and tickets name them by their place here.

use std::sync::{Arc, PoisonError, RwLock};

use super::pending;
use super::plugin::Plugin;
use crate::error::{Error, ErrorKind, Result};

static PLUGINS: RwLock<Vec<Arc<Plugin>>> = RwLock::new(Vec::new());

/// Adds the plugin that `make` makes of its place.
pub(super) fn add(make: impl FnOnce(usize) -> Plugin) -> Result<Arc<Plugin>> {
    let mut plugins = PLUGINS.write().unwrap_or_else(PoisonError::into_inner);
    if plugins.len() >= pending::PLUGINS {
        return Err(Error::new(
            ErrorKind::Overloaded,
            format!(
                "this process has loaded {} plugins, which is the most; restart it to load another",
                plugins.len()
            ),
        ));
    }
    let plugin = Arc::new(make(plugins.len()));
    plugins.push(Arc::clone(&plugin));
    Ok(plugin)
}

/// The first plugin for which `is` holds.
pub(super) fn find(is: impl Fn(&Plugin) -> bool) -> Option<Arc<Plugin>> {
    let plugins = PLUGINS.read().unwrap_or_else(PoisonError::into_inner);
    plugins.iter().find(|plugin| is(plugin)).cloned()
}

/// An answer came for a ticket that nobody waits on.
pub(super) fn stray_answer(ticket: usize) {
    let plugin =
        pending::plugin_of(ticket).and_then(|place| find(|plugin| plugin.index() == place));
    match plugin {
        Some(plugin) => plugin.report_stray_answer(),
        None => tracing::error!("a plugin answered an operation with a context that was made up"),
    }
}
