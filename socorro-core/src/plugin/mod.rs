//! The plugin boundary: backends as shared libraries behind a C interface.
//!
//! | file | idea |
//! |---|---|
//! | [`abi`] | the C types that cross, and their layout hash |
//! | `author` (feature `plugin`) | what a plugin author in Rust implements |
//! | `sdk` (feature `plugin`) | the plugin's side: `export_plugin!`, the runtime behind it |
//! | `host` (feature `host`) | the host's side: plugins, their instances, their answers |
//! | `loader` (feature `host`) | finds a library, checks it, and loads it once per content |
//! | `wire` | conversions that both sides share |
//!
//! `unsafe` lives in this room and nowhere else.
#![allow(unsafe_code)]

pub mod abi;
#[cfg(feature = "plugin")]
pub mod author;
#[cfg(feature = "host")]
pub mod host;
mod kind;
#[cfg(feature = "host")]
pub mod loader;
mod resource;
#[cfg(feature = "plugin")]
pub mod sdk;
mod static_plugin;
#[cfg(any(feature = "host", feature = "plugin"))]
mod wire;

#[cfg(feature = "host")]
pub use host::{
    Destroyed, ImageInfo, OpenOptions, Plugin, PluginSource, PluginStorage, sync_log_level,
};
pub use kind::Kind;
pub use resource::{Exchange, Resource};
pub use static_plugin::StaticPlugin;
