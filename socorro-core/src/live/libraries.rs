//! The libraries that one attempt needs: each is loaded once, however many instances are made from it.
//!
//! # A library for which there is no room
//!
//! Code is never unloaded, so a process has room for `plugins.max_images` different libraries in its life.
//! Beyond that:
//!
//! * *A part that runs* stays exactly as it is, code, options and all, whatever was edited in it: only a restart
//!   can adopt it, and the plan says so. The rest of the attempt goes on.
//! * *A new part* has nothing to stay with, and refuses the attempt.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::Value;

use super::plan::{Identity, Shape};
use crate::config::{Class, ConfigError, ConfigErrors, InstanceConfig, Wrong};
use crate::error::Error;
use crate::plugin::loader::{Loader, Refusal};
use crate::plugin::{Kind, Plugin};

/// What came of loading each of them.
pub(super) struct Libraries {
    loader: Loader,
    loaded: HashMap<Wish, Result<Arc<Plugin>, Refusal>>,
}

/// What to load: the plugin's name, and its library when that is not looked for by name.
type Wish = (String, Option<PathBuf>);

/// How an instance comes to its code.
pub(super) enum Code {
    /// From this plugin.
    Plugin(Arc<Plugin>),
    /// It stays the instance it is until a restart, for this reason.
    Stays { identity: Identity, why: Arc<str> },
}

impl Libraries {
    /// Loads what backends among `instances` are made from, all at once.
    pub(super) async fn load<'a>(
        loader: Loader,
        instances: impl Iterator<Item = &'a InstanceConfig>,
    ) -> Self {
        let mut wishes: Vec<Wish> = instances
            .filter(|config| config.stores.is_empty())
            .map(wish)
            .collect();
        wishes.sort_unstable();
        wishes.dedup();
        let loads = wishes.into_iter().map(async |wish| {
            let (name, library) = &wish;
            let plugin = loader.load_if_room(name, library.as_deref()).await;
            (wish, plugin)
        });
        let loaded = join_all(loads).await.into_iter().collect();
        Self { loader, loaded }
    }

    /// The code for an instance that runs as `running`, if it runs.
    ///
    /// Why there is none.
    pub(super) fn code(
        &self,
        config: &InstanceConfig,
        running: Option<&Shape>,
    ) -> Result<Code, ConfigErrors> {
        let refusal = match self.loaded.get(&wish(config)) {
            Some(Ok(plugin)) => return Ok(Code::Plugin(plugin.clone())),
            Some(Err(refusal)) => refusal,
            None => {
                let wrong = Wrong::new(Class::PluginRefused, UNASKED);
                return Err(config.wrong("type", wrong).into());
            }
        };
        match running {
            // A composite has no code of its own, and might stay with children that go.
            Some(Shape::Instance { identity, .. })
                if refusal.no_room && identity.image.is_some() =>
            {
                Ok(Code::Stays {
                    identity: identity.clone(),
                    why: refusal.error.message().into(),
                })
            }
            _ => Err(wrong(&self.loader, config, &refusal.error).into()),
        }
    }
}

/// The plugin of one backend, and the schema of its options.
///
/// Why there is none.
pub(super) async fn plugin(
    loader: &Loader,
    kind: Kind,
    config: &InstanceConfig,
) -> Result<(Arc<Plugin>, Value), ConfigError> {
    let plugin = loader
        .load(&config.type_name, config.library.as_deref())
        .await
        .map_err(|error| wrong(loader, config, &error))?;
    match plugin.options_schema(kind).cloned() {
        Some(schema) => Ok((plugin, schema)),
        None => Err(other_kind(kind, config)),
    }
}

/// The plugin has nothing of this kind.
pub(super) fn other_kind(kind: Kind, config: &InstanceConfig) -> ConfigError {
    let why = format!("the plugin {:?} is no {kind}", config.type_name);
    config.wrong("type", Wrong::new(Class::PluginKind, why))
}

fn wrong(loader: &Loader, config: &InstanceConfig, error: &Error) -> ConfigError {
    let by_name = config.library.is_none();
    let key = if by_name { "type" } else { "library" };
    let class = if by_name && !loader.knows(&config.type_name) {
        Class::NoSuchPlugin
    } else {
        Class::PluginRefused
    };
    config.wrong(key, Wrong::new(class, error.to_string()))
}

/// Never told: everything that is asked for was loaded before.
const UNASKED: &str = "its library was not loaded";

fn wish(config: &InstanceConfig) -> Wish {
    (config.type_name.clone(), config.library.clone())
}
