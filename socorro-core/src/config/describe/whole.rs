//! JSON Schema of a whole configuration file, for editors.
//!
//! A file may be one layer of several, so what must be there is asked for only where the file itself says
//! what it is about: a storage that names its `type` and takes nothing over, a pipeline that names a part of
//! what a pipeline needs.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{host, instance, pipeline, resource, sections, top};
use crate::config::composite;

/// The option schemas of the plugins there are, by their names.
#[derive(Clone, Debug, Default)]
pub struct PluginSchemas {
    /// Of storages.
    pub storages: BTreeMap<String, Value>,
    /// Of sources.
    pub sources: BTreeMap<String, Value>,
}

pub(super) const NAME: &str = "^[a-z][a-z0-9]*(_[a-z0-9]+)*$";
pub(super) const TABLE: &str = "^(storage|source|resource)\\.[a-z][a-z0-9]*(_[a-z0-9]+)*$";
pub(super) const SHA256: &str = "^[0-9a-fA-F]{64}$";
pub(super) const DURATION: &str = "^\\s*([0-9]+\\s*(ms|s|min|m|h|d)\\s*)+$";
pub(super) const SIZE: &str = "^\\s*[0-9]+\\s*([kKmMgGtT][iI]?)?[bB]\\s*$";

/// JSON Schema 2020-12 of a configuration file in which these plugins may be used. A `type` that is not among
/// them is let pass with whatever options it has.
pub fn json_schema(plugins: &PluginSchemas) -> Value {
    let mut defs = Map::from_iter([("secret".to_owned(), secret())]);
    let composites = composite::COMPOSITES
        .map(|name| (name.to_owned(), json!({})))
        .into();
    let storages = member("storage", &plugins.storages, &composites, &mut defs);
    let sources = member("source", &plugins.sources, &BTreeMap::new(), &mut defs);
    defs.insert("storage".to_owned(), storages);
    defs.insert("source".to_owned(), sources);
    defs.insert("resource".to_owned(), adapt(&resource(), ""));
    defs.insert("pipeline".to_owned(), pipelines());

    let mut properties = Map::new();
    let top = adapt(&top(), "");
    properties.extend(top["properties"].as_object().cloned().unwrap_or_default());
    for (name, section) in sections() {
        properties.insert(name.to_owned(), adapt(&section, ""));
    }
    for (name, about) in [
        ("storage", "Storages, by their names."),
        ("source", "Sources of new crashes, by their names."),
        ("resource", "What others take over with `use`, by names."),
        ("pipeline", "Pipelines, by their names."),
    ] {
        properties.insert(
            name.to_owned(),
            json!({
                "type": "object",
                "description": about,
                "propertyNames": { "pattern": NAME, "maxLength": 64 },
                "additionalProperties": { "$ref": format!("#/$defs/{name}") },
            }),
        );
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of socorro",
        "description": "One file of a configuration, the only one or one of several.",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        "$defs": defs,
    })
}

/// What a storage or source may be; each `type` gets a definition of its own.
fn member(
    kind: &str,
    plugins: &BTreeMap<String, Value>,
    composites: &BTreeMap<String, Value>,
    defs: &mut Map<String, Value>,
) -> Value {
    let mut cases = Vec::new();
    for (name, schema) in composites.iter().chain(plugins) {
        let scope = format!("{kind}.{name}");
        let mut this = json!({
            "properties": { "type": { "const": name } },
            "required": ["type"],
        });
        if !composites.contains_key(name) {
            // Another library may have other options.
            this["not"] = json!({ "required": ["library"] });
        }
        cases.push(json!({ "if": this, "then": { "$ref": format!("#/$defs/{scope}") } }));
        let inner = schema.get("$defs").and_then(Value::as_object);
        for (inner, schema) in inner.into_iter().flatten() {
            defs.insert(format!("{scope}.{inner}"), adapt(schema, &scope));
        }
        defs.insert(scope.clone(), one(name, schema, &scope));
    }
    let known: Vec<&String> = composites.keys().chain(plugins.keys()).collect();
    let host = adapt(&host::instance(), "");
    let about = &host["properties"]["type"]["description"];
    let mut whole = json!({
        "type": "object",
        "properties": {
            "type": {
                "description": about,
                "anyOf": [{ "enum": known }, { "type": "string", "pattern": NAME, "maxLength": 64 }],
            },
        },
    });
    if known.is_empty() {
        whole["properties"]["type"] = host["properties"]["type"].clone();
    }
    if !cases.is_empty() {
        whole["allOf"] = cases.into();
    }
    whole
}

/// A storage or source of one `type`: the host's keys and the plugin's options. As for the readers, a key of
/// the host hides an option of the same name.
fn one(name: &str, plugin: &Value, scope: &str) -> Value {
    let host = adapt(&instance(name), "");
    let mut whole = match adapt(plugin, scope) {
        Value::Object(plugin) => plugin,
        _ => Map::new(),
    };
    for gone in ["$defs", "title", "description", "default"] {
        whole.remove(gone);
    }
    let mut required: Vec<Value> = Vec::new();
    for schema in [&Value::Object(whole.clone()), &host] {
        required.extend(schema["required"].as_array().into_iter().flatten().cloned());
    }
    whole.remove("required");
    let open = ["$ref", "allOf", "anyOf", "oneOf"]
        .iter()
        .any(|keyword| whole.contains_key(*keyword));
    let mut properties = match whole.remove("properties") {
        Some(Value::Object(properties)) => properties,
        _ => Map::new(),
    };
    properties.extend(host["properties"].as_object().cloned().unwrap_or_default());
    whole.insert("type".to_owned(), "object".into());
    whole.insert("properties".to_owned(), properties.into());
    if !open {
        whole
            .entry("additionalProperties")
            .or_insert(Value::Bool(false));
    }
    whole.insert("if".to_owned(), json!({ "not": { "required": ["use"] } }));
    whole.insert("then".to_owned(), json!({ "required": required }));
    whole.into()
}

fn pipelines() -> Value {
    let mut pipelines = adapt(&pipeline(), "");
    if let Value::Object(pipelines) = &mut pipelines {
        pipelines.remove("required");
        let needed = json!({
            "source": ["from", "to"],
            "from": ["source", "to"],
            "to": ["source", "from"],
        });
        pipelines.insert("dependentRequired".to_owned(), needed);
    }
    pipelines
}

fn secret() -> Value {
    let one = |name: &str, about: &str| {
        json!({
            "type": "object",
            "description": about,
            "properties": { name: { "type": "string", "minLength": 1 } },
            "required": [name],
            "additionalProperties": false,
        })
    };
    json!({
        "description": "Where a secret is to be found.",
        "oneOf": [
            one("env", "A variable of the process."),
            one("file", "A file, read again at every reload; others must not be able to write it."),
            one("credential", "A credential that systemd gave the service."),
        ],
    })
}

/// A schema of options as they are written in a file: secrets are references, units have patterns, there is
/// no null, and definitions have the scope in their names.
fn adapt(schema: &Value, scope: &str) -> Value {
    let Value::Object(members) = schema else {
        return schema.clone();
    };
    if members.get("x-secret") == Some(&true.into()) {
        let mut reference = Map::from_iter([("$ref".to_owned(), json!("#/$defs/secret"))]);
        for kept in ["description", "x-secret", "x-change"] {
            let value = members
                .get(kept)
                .map(|value| (kept.to_owned(), value.clone()));
            reference.extend(value);
        }
        return reference.into();
    }
    let mut adapted = Map::new();
    for (keyword, value) in members {
        let value = match (keyword.as_str(), value) {
            ("properties" | "$defs", Value::Object(schemas)) => schemas
                .iter()
                .map(|(name, schema)| (name.clone(), adapt(schema, scope)))
                .collect(),
            ("items" | "additionalProperties", schema) => adapt(schema, scope),
            ("anyOf" | "oneOf" | "allOf", Value::Array(schemas)) => {
                let real = schemas.iter().filter(|schema| schema["type"] != "null");
                let real: Vec<Value> = real.map(|schema| adapt(schema, scope)).collect();
                if real.is_empty() {
                    continue;
                }
                real.into()
            }
            ("$ref", Value::String(reference)) => {
                let name = reference.trim_start_matches("#/$defs/");
                format!("#/$defs/{scope}.{name}").into()
            }
            ("type", Value::Array(all)) => {
                let real = all.iter().filter(|kind| **kind != "null");
                real.cloned().collect()
            }
            ("enum", Value::Array(all)) => {
                let real = all.iter().filter(|value| !value.is_null());
                real.cloned().collect()
            }
            ("default", Value::Null) | ("$schema" | "$id" | "x-minimum" | "x-maximum", _) => {
                continue;
            }
            ("format", format) => {
                adapted.extend(format_of(format));
                continue;
            }
            ("x-unit", unit) => {
                let pattern = match unit.as_str() {
                    Some("duration") => Some(DURATION),
                    Some("bytes") => Some(SIZE),
                    _ => None,
                };
                adapted.extend(pattern.map(|pattern| ("pattern".to_owned(), pattern.into())));
                unit.clone()
            }
            _ => value.clone(),
        };
        adapted.insert(keyword.clone(), value);
    }
    adapted.into()
}

/// What an editor can check of a format of ours; other formats are for people.
fn format_of(format: &Value) -> Option<(String, Value)> {
    let pattern = match format.as_str()? {
        "name" => NAME,
        "table" => TABLE,
        "sha256" => SHA256,
        _ => return None,
    };
    Some(("pattern".to_owned(), pattern.into()))
}
