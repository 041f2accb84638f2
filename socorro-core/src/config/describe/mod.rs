//! What every option is: type, doc, default, unit, range, and what a change of it costs.
//!
//! Core describes its own options in the JSON Schema that plugins describe theirs in, so that a dump, an
//! explanation, an editor's schema and the tables in `docs/` treat both alike. The readers of core's options
//! stay Rust functions, which make typed values and say more of what is wrong than a schema can; a test feeds
//! boundary values to both and holds them to the same answers.

mod core;
mod cost;
mod hide;
mod host;
mod option;
mod page;
mod shape;
mod whole;

pub use cost::Cost;
pub(crate) use hide::hide_secrets;
pub use option::{Choice, OptionDoc, options_of};
pub use page::{core_tables, option_table};
pub use whole::{PluginSchemas, json_schema};

use std::sync::LazyLock;

use serde_json::Value;

use super::composite::is_composite;

/// The tables of which there is one each, with what describes them.
pub(crate) fn sections() -> [(&'static str, Value); 5] {
    [
        ("plugins", core::plugins()),
        ("limits", core::limits()),
        ("redaction", core::redaction()),
        ("reload", core::reload()),
        ("control", core::control()),
    ]
}

/// What describes the top of a file.
pub(crate) fn top() -> Value {
    core::include()
}

/// What describes a table of this `type`: all of it for a composite, the host's keys for a plugin.
pub(crate) fn instance(type_name: &str) -> Value {
    if is_composite(type_name) {
        host::composite()
    } else {
        host::instance()
    }
}

/// What describes `[resource.NAME]`.
pub(crate) fn resource() -> Value {
    host::resource()
}

/// What describes `[pipeline.NAME]`.
pub(crate) fn pipeline() -> Value {
    host::pipeline()
}

/// The options of a table of which there is one.
pub(crate) struct SectionDoc {
    pub(crate) name: &'static str,
    pub(crate) about: String,
    pub(crate) options: Vec<OptionDoc>,
}

/// The options of the tables of which there is one each.
pub(crate) fn section_options() -> &'static [SectionDoc] {
    static SECTIONS: LazyLock<Vec<SectionDoc>> = LazyLock::new(|| {
        let described = sections().into_iter().map(|(name, schema)| SectionDoc {
            name,
            about: schema["description"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            options: options_of(&schema),
        });
        described.collect()
    });
    &SECTIONS
}

/// The options that core knows of a table of this `type`.
pub(crate) fn instance_options(type_name: &str) -> &'static [OptionDoc] {
    static HOST: LazyLock<Vec<OptionDoc>> = LazyLock::new(|| options_of(&host::instance()));
    static COMPOSITE: LazyLock<Vec<OptionDoc>> = LazyLock::new(|| options_of(&host::composite()));
    if is_composite(type_name) {
        &COMPOSITE
    } else {
        &HOST
    }
}

/// The options of `[pipeline.NAME]`.
pub(crate) fn pipeline_options() -> &'static [OptionDoc] {
    static PIPELINE: LazyLock<Vec<OptionDoc>> = LazyLock::new(|| options_of(&pipeline()));
    &PIPELINE
}

#[cfg(test)]
mod tests;
