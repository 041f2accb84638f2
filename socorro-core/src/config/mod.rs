//! Configuration: layers that are merged, checked as a whole, and read again at every reload.
//!
//! An embedding program chooses its [`Layers`] and their order, later ones win. [`Layers::load`] merges them
//! into a [`Document`], [`Document::configuration`] checks it and gives the typed [`Configuration`]. The
//! options of a plugin stay [`Options`] until its JSON Schema is known: [`Options::resolve`] then types what
//! came as text, checks it, and reads the secrets it refers to.
//!
//! ```
//! use socorro_core::config::Layers;
//!
//! let configuration = Layers::new()
//!     .defaults(serde_json::json!({ "storage": { "spool": { "type": "filesystem", "root": "/tmp" } } }))
//!     .set("storage.spool.timeout=5s")
//!     .load()?
//!     .configuration()?;
//! let spool = &configuration.storages["spool"];
//! assert_eq!(spool.type_name, "filesystem");
//! assert_eq!(spool.host.timeout.as_secs(), 5);
//! # Ok::<(), socorro_core::config::ConfigErrors>(())
//! ```
//!
//! Every error names the file with line and column, the variable or the flag, the key, what it overrode and
//! what might have been meant; all of them come in one list, each of a [`Class`] for machines. Merging:
//! tables merge key by key; arrays and secret references replace whole; a layer that changes the `type` of a
//! storage or source replaces its table. A table takes over options of others with `use`. Relative paths in options are relative to the working directory,
//! those of `include` to the including file.

mod annotated;
mod class;
mod compare;
mod composite;
mod configuration;
mod depth;
mod describe;
mod digest;
mod document;
mod dump;
mod environment;
mod error;
mod explain;
mod explained;
mod file;
mod fingerprint;
mod fingerprints;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod glimpse;
mod include;
mod inline;
mod instance;
mod layers;
mod merge;
mod names;
mod nearest;
mod options;
mod origin;
mod parse;
mod partial;
mod pipeline;
mod read;
mod references;
mod retyped;
mod scan;
mod schema;
mod secrets;
mod sections;
mod seen;
mod serialize;
mod set;
mod snippet;
mod takeover;
mod tree;
mod url;

pub use annotated::to_commented_toml;
pub use class::Class;
pub use compare::{Comparison, KeyChange, Shadowed};
pub use composite::is_composite;
pub use configuration::{
    After, Configuration, ControlConfig, DEFAULT_FORBIDDEN_KEYS, HostOptions, InstanceConfig,
    PipelineConfig, ReloadConfig, Start,
};
pub use describe::{
    Choice, Cost, OptionDoc, PluginSchemas, core_tables, json_schema, option_table, options_of,
};
pub(crate) use digest::digest;
pub use document::Document;
pub(crate) use dump::instance as instance_json;
pub use dump::{SchemaOf, to_json, to_toml};
pub use error::{ConfigError, ConfigErrors, Said, Wrong};
pub use explain::Explanation;
pub use explained::Explained;
pub(crate) use explained::Named;
pub(crate) use fingerprints::SecretPrint;
pub use layers::Layers;
pub use options::{Options, Resolved};
pub use origin::{InFile, Origin, Place};
pub(crate) use partial::Partly;
pub use schema::Schema;
pub(crate) use secrets::Reading as SecretReading;
pub use secrets::{SecretRef, SecretSource, SystemSecrets};
pub(crate) use seen::{Files, Look, Recorder, reads_the_same};
pub use snippet::Snippet;

#[cfg(test)]
mod tests;
