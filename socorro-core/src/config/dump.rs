//! A configuration as text: values in force, secrets as their references.

use serde_json::{Map, Value, json};

use super::tree::{Kind, MASK, Node, Table, sounds_secret};
use super::{After, Configuration, HostOptions, InstanceConfig, PipelineConfig, Start, url};
use crate::error::{Error, ErrorKind, Result};
use crate::options::{ByteSize, HumanDuration};

/// Gives the option schema of an instance's plugin, when that is known.
pub type SchemaOf<'a> = &'a dyn Fn(&InstanceConfig) -> Option<Value>;

/// The configuration in force as TOML, the host's defaults filled in, what `use` takes over written out. It
/// loads back to an equal configuration.
///
/// With a schema, text from variables and flags is shown as what it is, and a secret that somebody wrote in
/// plain text, which a check refuses, is masked. Without one, such text is shown as strings, and strings
/// whose names sound like a secret's are masked.
///
/// `Internal` when TOML cannot say it, which nothing that was loaded leads to.
pub fn to_toml(configuration: &Configuration, schema_of: SchemaOf<'_>) -> Result<String> {
    toml::to_string_pretty(&to_json(configuration, schema_of)).map_err(|error| {
        Error::new(
            ErrorKind::Internal,
            "the configuration cannot be written as TOML",
        )
        .caused_by(&error)
    })
}

/// Like [`to_toml`], as JSON.
pub fn to_json(configuration: &Configuration, schema_of: SchemaOf<'_>) -> Value {
    let members = |instances: &std::collections::BTreeMap<String, InstanceConfig>| -> Value {
        instances
            .iter()
            .map(|(name, config)| (name.clone(), instance(config, schema_of(config).as_ref())))
            .collect()
    };
    let pipelines: Value = configuration
        .pipelines
        .iter()
        .map(|(name, config)| (name.clone(), pipeline(config)))
        .collect();
    let mut all = json!({
        "plugins": configuration.plugins,
        "limits": {
            "crash_size": ByteSize(configuration.limits.crash_size),
            "dumps": configuration.limits.dumps,
            "json_depth": configuration.limits.json_depth,
        },
        "redaction": {
            "forbidden_keys": configuration.redaction.forbidden_keys().collect::<Vec<_>>(),
        },
        "reload": {
            "drain_timeout": HumanDuration(configuration.reload.drain_timeout),
            "timeout": HumanDuration(configuration.reload.timeout),
            "park_timeout": HumanDuration(configuration.reload.park_timeout),
            "shutdown_timeout": HumanDuration(configuration.reload.shutdown_timeout),
        },
        "control": {},
        "storage": members(&configuration.storages),
        "source": members(&configuration.sources),
        "pipeline": pipelines,
    });
    let set = [
        ("reload", "keep", &configuration.reload.keep),
        ("control", "socket", &configuration.control.socket),
    ];
    let paths = set.map(|(table, key, path)| (table, key, path.as_ref().map(|path| json!(path))));
    let metrics = configuration.control.metrics.map(|address| json!(address));
    let set = paths.into_iter().chain([("control", "metrics", metrics)]);
    for (table, key, value) in set {
        if let Some(table) = all.get_mut(table).and_then(Value::as_object_mut)
            && let Some(value) = value
        {
            table.insert(key.to_owned(), value);
        }
    }
    all
}

/// One instance, as in [`to_json`].
pub(crate) fn instance(config: &InstanceConfig, schema: Option<&Value>) -> Value {
    let mut members = Map::new();
    members.insert("type".to_owned(), json!(config.type_name));
    if let Some(library) = &config.library {
        members.insert("library".to_owned(), json!(library));
    }
    if config.stores.is_empty() {
        host(&config.host, &mut members);
    } else {
        members.insert("stores".to_owned(), json!(config.stores));
    }
    members.extend(options(config, schema));
    Value::Object(members)
}

fn host(host: &HostOptions, members: &mut Map<String, Value>) {
    let start = match host.start {
        Start::Required => "required",
        Start::Degraded => "degraded",
    };
    members.insert("start".to_owned(), json!(start));
    members.insert("retry".to_owned(), json!(host.retry));
    members.insert("timeout".to_owned(), json!(HumanDuration(host.timeout)));
    members.insert("max_operations".to_owned(), json!(host.max_operations));
    members.insert("max_bytes".to_owned(), json!(host.max_bytes));
}

fn pipeline(pipeline: &PipelineConfig) -> Value {
    let after = match pipeline.after {
        After::Ack => "ack",
        After::AckAndDelete => "ack_and_delete",
    };
    json!({
        "source": pipeline.source,
        "from": pipeline.from,
        "to": pipeline.to,
        "after": after,
        "concurrency": pipeline.concurrency,
    })
}

fn options(config: &InstanceConfig, schema: Option<&Value>) -> Map<String, Value> {
    // Options that the schema refuses are shown as they are, masked like those without a schema.
    let typed = schema.and_then(|schema| config.options.typed(schema).ok());
    let known = typed.is_some();
    let table = typed.as_ref().unwrap_or(&config.options).table();
    let mut shown = Value::Object(masked(table, known));
    if let Some(schema) = schema.filter(|_| !known) {
        // Not every secret sounds like one.
        super::describe::hide_secrets(schema, &mut shown);
    }
    match shown {
        Value::Object(shown) => shown,
        _ => Map::new(),
    }
}

fn masked(table: &Table, known: bool) -> Map<String, Value> {
    table
        .iter()
        .map(|(name, node)| (name.clone(), masked_node(name, node, known)))
        .collect()
}

/// Options that passed the check have no secret in plain text and no URL with a password.
fn masked_node(name: &str, node: &Node, known: bool) -> Value {
    match &node.kind {
        _ if known => node.to_json(),
        Kind::Secret(_) => MASK.into(),
        Kind::Table(_) if super::secrets::is_reference(node) => node.to_json(),
        Kind::Table(table) if sounds_secret(name) => table
            .keys()
            .map(|inner| (inner.clone(), Value::from(MASK)))
            .collect(),
        Kind::Table(table) => Value::Object(masked(table, known)),
        Kind::List(items) => items
            .iter()
            .map(|item| masked_node(name, item, known))
            .collect(),
        Kind::Text(_) | Kind::String(_) if sounds_secret(name) => MASK.into(),
        Kind::Text(text) | Kind::String(text) => url::mask_passwords(text).into(),
        _ => node.to_json(),
    }
}
