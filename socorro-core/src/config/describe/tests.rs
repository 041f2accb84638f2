//! Schema and readers agree: each key, default, bound and word of the one is the other's.

use serde_json::{Map, Value, json};

use super::whole::{DURATION, NAME, SHA256, SIZE, TABLE};
use super::*;
use crate::config::schema::{Check, Schema};
use crate::config::tree::{Kind, Node};
use crate::config::{
    Class, Configuration, DEFAULT_FORBIDDEN_KEYS, HostOptions, Layers, Origin, ReloadConfig,
    to_json,
};

/// A configuration in which every table is there with what it must have.
fn base() -> Value {
    json!({
        "plugins": {}, "limits": {}, "redaction": {}, "reload": {}, "control": {},
        "storage": {
            "a": { "type": "x" },
            "b": { "type": "x" },
            "c": { "type": "fanout", "stores": ["a", "b"] },
            "d": { "type": "x", "retry": { "policy": "limited_backoff" } },
        },
        "source": { "a": { "type": "x" } },
        "resource": { "a": {}, "b": {} },
        "pipeline": { "a": { "source": "a", "from": "a", "to": ["b"] } },
    })
}

/// The described tables of that configuration.
fn tables() -> Vec<(Vec<&'static str>, Value)> {
    let mut tables: Vec<_> = sections()
        .into_iter()
        .map(|(name, schema)| (vec![name], schema))
        .collect();
    tables.push((vec!["storage", "a"], instance("x")));
    tables.push((vec!["storage", "d"], instance("x")));
    tables.push((vec!["storage", "c"], instance("fanout")));
    tables.push((vec!["source", "a"], instance("x")));
    tables.push((vec!["resource", "a"], resource()));
    tables.push((vec!["pipeline", "a"], pipeline()));
    tables
}

fn read(value: &Value) -> Result<Configuration, Vec<Class>> {
    let loaded = Layers::new().defaults(value).load();
    loaded
        .and_then(|document| document.configuration())
        .map_err(|errors| errors.iter().map(|error| error.class).collect())
}

/// What the schema says of a table.
fn fits(schema: &Value, value: &Value) -> bool {
    let schema = Schema::parse(schema).unwrap();
    let origin = std::sync::Arc::new(Origin::Default);
    let document = Layers::new()
        .defaults(json!({ "x": value }))
        .load()
        .unwrap();
    let Some(Kind::Table(table)) = document.root().get("x").map(|node| node.kind.clone()) else {
        return false;
    };
    let mut node = Node::new(&origin, Kind::Table(table));
    Check::new(&schema, None).run(&mut node, "x").0.is_empty()
}

fn with(value: &Value, path: &[&str], key: &[String], put: Option<&Value>) -> Value {
    let mut whole = value.clone();
    let mut at = &mut whole;
    let parts: Vec<&str> = path
        .iter()
        .copied()
        .chain(key.iter().map(String::as_str))
        .collect();
    let (last, above) = parts.split_last().unwrap();
    for part in above {
        at = at
            .as_object_mut()
            .unwrap()
            .entry(*part)
            .or_insert_with(|| json!({}));
    }
    let table = at.as_object_mut().unwrap();
    match put {
        Some(put) => drop(table.insert((*last).to_owned(), put.clone())),
        None => drop(table.remove(*last)),
    }
    whole
}

/// Values at and around everything that a schema says of a value, and of every other kind.
fn boundaries(schema: &Value) -> Vec<Value> {
    let mut values = vec![
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(i64::MAX),
        json!(""),
        json!("x"),
        json!("a"),
        json!("a.b"),
        json!("a..b"),
        json!("storage.b"),
        json!("5"),
        json!("0s"),
        json!("1ms"),
        json!("30s"),
        json!("0B"),
        json!("1B"),
        json!("64MiB"),
        json!("1GiB"),
        json!("once"),
        json!("ab".repeat(32)),
        json!([]),
        json!(["a"]),
        json!(["b"]),
        json!(["a", "a"]),
        json!(["a", "b"]),
        json!("127.0.0.1:9464"),
        json!("resource.b"),
        json!(["resource.b"]),
        json!(["resource.b", "resource.b"]),
        json!([""]),
        json!([1]),
        json!(["1s"]),
        json!(["0s"]),
        json!(["24h"]),
        json!(["24h1ms"]),
        json!(vec!["1s"; 64]),
        json!(vec!["1s"; 65]),
        json!({}),
        json!({ "x": "y" }),
        json!({ "x": "ab".repeat(32) }),
        json!({ "env": "X" }),
    ];
    for bound in ["minimum", "maximum"] {
        if let Some(bound) = schema[bound].as_i64() {
            values.extend([bound - 1, bound, bound + 1].map(Value::from));
        }
    }
    values.extend(schema.get("default").cloned());
    for branch in schema["oneOf"].as_array().into_iter().flatten() {
        values.push(branch["const"].clone());
    }
    values
}

/// What readers know of a value, or of several, and a schema of one cannot say.
const BEYOND: [Class; 11] = [
    Class::BadName,
    Class::BadAddress,
    Class::BadHash,
    Class::BadPath,
    Class::UseDangling,
    Class::UseCircle,
    Class::NoSuchStorage,
    Class::NoSuchSource,
    Class::StorageCircle,
    Class::WritesWhereItReads,
    Class::TakesTooLittle,
];

#[test]
fn every_schema_is_of_the_subset_and_documents_every_option() {
    for (path, schema) in tables() {
        assert!(Schema::parse(&schema).is_ok(), "{path:?}");
        for option in options_of(&schema) {
            assert!(option.about.ends_with('.'), "{path:?}: {option:?}");
            assert!(
                !option.kind.is_empty() && option.kind != "anything",
                "{option:?}"
            );
        }
    }
}

#[test]
fn readers_and_schema_give_the_same_answers_to_boundary_values() {
    let base = base();
    assert!(read(&base).is_ok(), "{:?}", read(&base));
    let (mut asked, mut accepted) = (0, 0);
    for (path, schema) in tables() {
        let options = options_of(&schema);
        for option in &options {
            let inner = option
                .path
                .iter()
                .fold(&schema, |schema, part| &schema["properties"][part]);
            for value in boundaries(inner) {
                // `type` decides what the other keys are.
                if option.key == "type" && value == "fanout" {
                    continue;
                }
                let whole = with(&base, &path, &option.path, Some(&value));
                let table = path.iter().fold(&whole, |value, part| &value[part]);
                let by_schema = fits(&schema, table);
                let by_readers = read(&whole);
                let same = match &by_readers {
                    Ok(_) => by_schema,
                    Err(classes) => {
                        !by_schema || classes.iter().all(|class| BEYOND.contains(class))
                    }
                };
                assert!(same, "{path:?} {} = {value}: {by_readers:?}", option.key);
                asked += 1;
                accepted += usize::from(by_schema);
            }
        }
    }
    assert!(asked > 1000 && accepted > 100, "{accepted} of {asked}");
}

#[test]
fn readers_and_schema_know_the_same_keys() {
    let closed = |(path, _): &(Vec<&str>, Value)| path[0] != "resource";
    for (path, schema) in tables().into_iter().filter(closed) {
        let options = options_of(&schema);
        // Of every table, the inner ones as well.
        let mut tables: Vec<&[String]> = options
            .iter()
            .filter_map(|option| option.path.split_last().map(|(_, above)| above))
            .collect();
        tables.dedup();
        for above in tables {
            let stray = [above, &["zzz".to_owned()]].concat();
            let whole = with(&base(), &path, &stray, Some(&json!(1)));
            // What the host does not know in a storage is for the plugin.
            if path[0] != "storage" && path[0] != "source" || !above.is_empty() || path[1] == "c" {
                assert_eq!(
                    read(&whole),
                    Err(vec![Class::UnknownKey]),
                    "{path:?} {stray:?}"
                );
            }
            let table = path.iter().fold(&whole, |value, part| &value[part]);
            assert!(!fits(&schema, table), "{path:?} {stray:?}");
        }
        for name in schema["required"].as_array().unwrap() {
            let name = vec![name.as_str().unwrap().to_owned()];
            let whole = with(&base(), &path, &name, None);
            assert!(
                read(&whole).unwrap_err().contains(&Class::MissingKey),
                "{path:?} {name:?}"
            );
        }
    }
    // Nothing else is at the top.
    let typed = with(
        &base(),
        &["resource", "a"],
        &["type".to_owned()],
        Some(&json!("x")),
    );
    assert_eq!(read(&typed), Err(vec![Class::NotAllowed]));
    assert!(!fits(&resource(), &json!({ "type": "x" })));
    for key in ["zzz", "pluginz"] {
        let whole = with(&base(), &[], &[key.to_owned()], Some(&json!({})));
        assert_eq!(read(&whole), Err(vec![Class::UnknownKey]));
    }
}

#[test]
fn each_known_key_is_read() {
    // A key that no reader asks for would be unknown, or an option of the plugin.
    let dump = read(&base()).unwrap();
    for name in ["a", "d"] {
        let names: Vec<&str> = dump.storages[name].options.names().collect();
        assert!(names.is_empty(), "{names:?}");
    }
    for option in options_of(&instance("x")) {
        let first = option.path[0].as_str();
        assert!(
            crate::config::instance::HOST_KEYS.contains(&first),
            "{first}"
        );
    }
    let described: std::collections::BTreeSet<String> = options_of(&instance("x"))
        .into_iter()
        .map(|option| option.path[0].clone())
        .collect();
    assert_eq!(described.len(), crate::config::instance::HOST_KEYS.len());
}

#[test]
fn what_is_left_out_has_the_default_of_the_schema() {
    let configuration = read(&base()).unwrap();
    let values = to_json(&configuration, &|_| None);
    for (path, schema) in tables() {
        for option in options_of(&schema) {
            let table = path.iter().fold(&values, |value, part| &value[part]);
            let found = option
                .path
                .iter()
                .try_fold(table, |value, part| value.get(part));
            let said = path
                .iter()
                .fold(&base(), |value, part| &value[part])
                .clone();
            let is_said = option
                .path
                .iter()
                .try_fold(&said, |value, part| value.get(part));
            if is_said.is_some() || option.key == "use" {
                continue;
            }
            // Delays are there with a policy that has some; an empty table is left out of a dump.
            let default = option
                .default
                .clone()
                .filter(|default| *default != json!({}));
            let once = option.key == "retry.delays" && path[1] != "d";
            assert_eq!(
                found,
                default.as_ref().filter(|_| !once),
                "{path:?} {}",
                option.key
            );
        }
    }
    let first = configuration.storages["a"].host.clone();
    assert_eq!(first, HostOptions::default());
    assert_eq!(configuration.reload, ReloadConfig::default());
    let hidden: Vec<String> = configuration.redaction.forbidden_keys().collect();
    assert_eq!(hidden, DEFAULT_FORBIDDEN_KEYS);
}

#[test]
fn a_plugins_schema_is_read_as_options() {
    let schema = json!({
        "$defs": {
            "Tls": { "type": "object", "properties": {
                "ca_file": { "type": ["string", "null"], "description": "Whom to\ntrust.", "default": null },
            } },
            "Mode": { "oneOf": [
                { "type": "string", "const": "auto", "description": "By itself." },
                { "type": "string", "const": "never" },
            ] },
        },
        "type": "object",
        "properties": {
            "url": { "type": "string" },
            "tls": { "$ref": "#/$defs/Tls", "description": "Certificates.", "default": { "ca_file": null } },
            "mode": { "$ref": "#/$defs/Mode", "default": "auto" },
            "maybe": { "anyOf": [{ "$ref": "#/$defs/Mode" }, { "type": "null" }] },
            "password": { "anyOf": [{ "type": "string", "x-secret": true }, { "type": "null" }] },
            "connections": { "type": "integer", "minimum": 1, "maximum": 256, "default": 8 },
            "wait": { "type": "string", "x-unit": "duration", "x-minimum": "1s", "default": "10s" },
            "fields": { "type": "object", "additionalProperties": { "type": "string" }, "default": {} },
            "urls": { "type": "array", "items": { "type": "string" }, "minItems": 1 },
            "speed": { "type": "number", "x-unit": "crashes per second" },
        },
        "required": ["url"],
    });
    let lines: Vec<String> = options_of(&schema)
        .iter()
        .map(|option| {
            let default = option
                .default
                .as_ref()
                .map(Value::to_string)
                .unwrap_or_default();
            let flags = [(option.required, " required"), (option.secret, " secret")]
                .map(|(set, word)| if set { word } else { "" })
                .concat();
            format!("{}: {}; {default}{flags}", option.key, option.kind)
        })
        .collect();
    assert_eq!(
        lines,
        [
            "connections: an integer from 1 to 256; 8",
            "fields: a table, each value a string; {}",
            "maybe: one of auto, never; ",
            "mode: one of auto, never; \"auto\"",
            "password: a secret;  secret",
            "speed: a number, in crashes per second; ",
            "tls.ca_file: a string; ",
            "url: a string;  required",
            "urls: a list of at least 1 items, each a string; ",
            "wait: a duration, at least 1s; \"10s\"",
        ]
    );
    assert!(
        options_of(&schema)
            .iter()
            .all(|option| option.change == Cost::NewInstance)
    );
    let table = option_table(&schema);
    assert!(
        table.contains("| `mode` | `auto`, `never` | `\"auto\"` | <br>`auto`: By itself. |"),
        "{table}"
    );
}

#[test]
fn bounds_with_units_hold() {
    let schema = json!({ "properties": {
        "part": { "type": "string", "x-unit": "bytes", "x-minimum": "5MiB", "x-maximum": "512MiB" },
    } });
    for (text, fine) in [
        ("5MiB", true),
        ("5242879B", false),
        ("512MiB", true),
        ("536870913B", false),
        ("6", false),
    ] {
        assert_eq!(fits(&schema, &json!({ "part": text })), fine, "{text}");
    }
    let wrong = json!({ "properties": { "part": { "x-unit": "bytes", "x-minimum": "5 apples" } } });
    let why = Schema::parse(&wrong).unwrap_err().to_string();
    assert!(why.contains("part/x-minimum is not in the unit"), "{why}");
}

#[test]
fn the_patterns_for_editors_are_those_of_the_readers() {
    // Their meaning is tested where they are used; here only that they are anchored, which JSON Schema is not.
    for pattern in [NAME, TABLE, SHA256, DURATION, SIZE] {
        assert!(
            pattern.starts_with('^') && pattern.ends_with('$'),
            "{pattern}"
        );
    }
}

#[test]
fn an_editors_schema_has_every_plugin_and_names_every_definition_once() {
    let plugin = json!({
        "$defs": { "Tls": { "type": "object", "properties": { "ca": { "$ref": "#/$defs/Pem" } } },
                   "Pem": { "type": ["string", "null"], "default": null } },
        "type": "object",
        "properties": { "tls": { "$ref": "#/$defs/Tls" }, "key": { "type": "string", "x-secret": true } },
        "required": ["key"],
    });
    let plugins = PluginSchemas {
        storages: [("s3".to_owned(), plugin.clone())].into(),
        sources: [("s3".to_owned(), plugin)].into(),
    };
    let schema = json_schema(&plugins);
    let defs = schema["$defs"].as_object().unwrap();
    for name in [
        "storage.s3",
        "storage.s3.Tls",
        "source.s3.Pem",
        "storage.fanout",
        "secret",
    ] {
        assert!(defs.contains_key(name), "{name}");
    }
    let mut references = Vec::new();
    collect_references(&schema, &mut references);
    assert!(references.len() > 10);
    for reference in references {
        let name = reference.strip_prefix("#/$defs/").unwrap();
        assert!(defs.contains_key(name), "{reference}");
    }
    let s3: &Map<String, Value> = defs["storage.s3"].as_object().unwrap();
    assert_eq!(s3["properties"]["key"]["$ref"], "#/$defs/secret");
    assert_eq!(s3["additionalProperties"], false);
    assert_eq!(defs["source.s3.Pem"], json!({ "type": ["string"] }));
}

fn collect_references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(
                members
                    .get("$ref")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            );
            members
                .values()
                .for_each(|value| collect_references(value, found));
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect_references(item, found)),
        _ => {}
    }
}

#[test]
fn a_schema_that_refers_to_itself_is_read_to_an_end() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let again: Map<String, Value> = names
        .iter()
        .map(|name| ((*name).to_owned(), json!({ "$ref": "#/$defs/A" })))
        .collect();
    let list = json!({ "type": "array", "items": { "$ref": "#/$defs/L" } });
    let form = json!({ "anyOf": [{ "$ref": "#/$defs/F" }, { "type": "string" }, { "$ref": "#/$defs/F" }] });
    let schema = json!({
        "$defs": { "A": { "properties": again }, "L": list, "F": form, "R": { "$ref": "#/$defs/R" } },
        "properties": {
            "a": { "$ref": "#/$defs/A" }, "l": { "$ref": "#/$defs/L" }, "f": { "$ref": "#/$defs/F" },
            "r": { "$ref": "#/$defs/R" },
        },
    });
    assert!(options_of(&schema).len() <= 20_000);
    let mut value = json!({ "l": [[[["x"]]]], "f": "x", "r": "x", "a": { "a": { "b": 1 } } });
    hide_secrets(&schema, &mut value);
    assert!(value.is_object());
}
