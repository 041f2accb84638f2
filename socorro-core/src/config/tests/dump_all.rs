//! Whatever is configured, both dumps load back to the same configuration.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

use super::super::describe;
use super::*;

const CASES: u32 = 10_000;

/// The options of the plugin that is configured here.
fn plugin() -> Value {
    json!({
        "$defs": { "Tls": { "type": "object", "properties": {
            "ca_file": { "type": ["string", "null"], "default": null },
            "verify": { "type": "boolean", "default": true },
        } } },
        "type": "object",
        "additionalProperties": true,
        "properties": {
            "root": { "type": "string", "format": "path", "description": "Where\nit is." },
            "port": { "type": "integer", "minimum": 0, "maximum": 65535, "default": 80 },
            "ratio": { "type": "number", "default": 0.5 },
            "urls": { "type": "array", "items": { "type": "string" } },
            "wait": { "type": "string", "x-unit": "duration", "default": "1s" },
            "tls": { "$ref": "#/$defs/Tls", "default": { "ca_file": null, "verify": true } },
            "fields": { "type": "object", "additionalProperties": { "type": "integer" } },
            "mode": { "oneOf": [{ "const": "auto", "description": "It\nself." }, { "const": "never" }] },
            "password": { "anyOf": [{ "type": "string", "x-secret": true }, { "type": "null" }] },
        },
    })
}

fn text() -> impl Strategy<Value = Value> {
    select(vec![
        "a",
        "0123",
        "true",
        "/srv/x y",
        "#",
        "\"'\\",
        "a\nb\r\n",
        "\u{7f}\u{0}\t",
        "ü💥",
        "'''",
        "\"\"\"",
        "x = 1",
        "${HOME}",
        "  ",
    ])
    .prop_map(Value::from)
}

/// A value that a schema allows.
fn value(schema: &Value) -> BoxedStrategy<Value> {
    if let Some(words) = schema["oneOf"].as_array() {
        let words: Vec<Value> = words.iter().map(|word| word["const"].clone()).collect();
        return select(words).boxed();
    }
    if schema["anyOf"][0]["x-secret"] == true {
        return select(vec![
            json!({ "env": "KEY" }),
            json!({ "file": "/run/\"it\"" }),
            json!({ "credential": "c" }),
        ])
        .boxed();
    }
    match (schema["x-unit"].as_str(), schema["format"].as_str()) {
        (Some("duration"), _) => {
            return (1..10_000_000u64)
                .prop_map(|millis| format!("{millis}ms").into())
                .boxed();
        }
        // A storage has to take the largest crash, whose size `layer` says.
        (Some("bytes"), _) => {
            let sizes = vec!["512MiB", "2199023255552B", "3TB"];
            return select(sizes).prop_map(Value::from).boxed();
        }
        (_, Some("sha256")) => return Just(json!("0f".repeat(32))).boxed(),
        (_, Some("dotted path")) => return select(vec![json!("a.b"), json!("x")]).boxed(),
        _ => {}
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds[0].as_str(),
        kind => kind.as_str(),
    };
    match kind {
        Some("integer") => {
            let least = schema["minimum"].as_i64().unwrap_or(i64::MIN);
            let most = schema["maximum"].as_i64().unwrap_or(i64::MAX);
            (least..=most).prop_map(Value::from).boxed()
        }
        Some("number") => prop_oneof![(-1e15..1e15).prop_map(Value::from), Just(json!(2))].boxed(),
        Some("boolean") => any::<bool>().prop_map(Value::from).boxed(),
        Some("array") => {
            let least = schema["minItems"].as_u64().unwrap_or(0) as usize;
            proptest::collection::vec(value(&schema["items"]), least..3)
                .prop_map(Value::from)
                .boxed()
        }
        Some("object") if schema["properties"].is_object() => table(schema, &[]),
        Some("object") => {
            let inner = value(&schema["additionalProperties"]);
            proptest::collection::btree_map(select(vec!["a", "b1", "c_d"]), inner, 0..3)
                .prop_map(|map| {
                    map.into_iter()
                        .map(|(key, value)| (key.to_owned(), value))
                        .collect()
                })
                .boxed()
        }
        _ => text().boxed(),
    }
}

/// Some of the options of a table, without those named.
fn table(schema: &Value, without: &[&str]) -> BoxedStrategy<Value> {
    let schemas = schema["properties"].as_object().unwrap();
    let defs = plugin();
    let options: Vec<_> = schemas
        .iter()
        .filter(|(name, _)| !without.contains(&name.as_str()))
        .map(|(name, schema)| {
            let schema = match schema["$ref"].as_str() {
                Some(reference) => &defs["$defs"][reference.trim_start_matches("#/$defs/")],
                None => schema,
            };
            let name = name.clone();
            proptest::option::weighted(0.3, value(schema))
                .prop_map(move |value| value.map(|value| (name.clone(), value)))
        })
        .collect();
    options
        .prop_map(|options| options.into_iter().flatten().collect())
        .boxed()
}

/// Options that no schema speaks of.
fn strays() -> impl Strategy<Value = Map<String, Value>> {
    let value = select(vec![
        json!({}),
        json!([]),
        json!({ "a b": [{ "c": 1 }, [2.5, "x"]] }),
        json!({ "env": 1 }),
        json!(true),
        json!("plain\n"),
    ]);
    proptest::collection::btree_map(select(vec!["odd key", "zz", "ü"]), value, 0..2).prop_map(
        |map| {
            map.into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()
        },
    )
}

fn merged(parts: impl IntoIterator<Item = Value>) -> Value {
    let tables = parts.into_iter().filter_map(|part| match part {
        Value::Object(table) => Some(table),
        _ => None,
    });
    tables.flatten().collect::<Map<_, _>>().into()
}

/// A storage or source of the plugin.
fn instance() -> impl Strategy<Value = Value> {
    // Whatever `library` is, no plugin is loaded here.
    let host = table(&describe::instance("x"), &["type", "use"]);
    (host, table(&plugin(), &[]), strays()).prop_map(|(host, options, strays)| {
        merged([json!({ "type": "x" }), options, strays.into(), host])
    })
}

/// What one layer says.
fn layer() -> impl Strategy<Value = Value> {
    let sections: Vec<_> = describe::sections()
        .into_iter()
        .map(|(name, schema)| {
            table(&schema, &["crash_size"]).prop_map(move |table| (name.to_owned(), table))
        })
        .collect();
    let pipeline = table(&describe::pipeline(), &["source", "from", "to"]);
    let largest = proptest::option::of(select(vec!["1B", "26214401B", "512MiB"]));
    let uses = any::<(bool, bool)>();
    (
        sections,
        [instance(), instance(), instance()],
        subsequence(vec!["a", "b"], 1..=2),
        pipeline,
        largest,
        uses,
    )
        .prop_map(|(sections, [a, mut b, mut source], stores, pipeline, largest, (first, second))| {
            let mut whole: Map<String, Value> = sections.into_iter().collect();
            if let Some(size) = largest {
                whole["limits"]["crash_size"] = size.into();
            }
            if first {
                b["use"] = json!("storage.a");
            }
            if second {
                source["use"] = json!("storage.b");
            }
            let needed = json!({ "source": "new", "from": "a", "to": ["b"] });
            merged([
                whole.into(),
                json!({
                    "storage": { "a": a, "b": b, "both": { "type": "fanout", "stores": stores } },
                    "source": { "new": source },
                    "pipeline": { "move": merged([needed, pipeline]) },
                }),
            ])
        })
}

/// Layers, the later ones winning, and flags.
fn layers() -> impl Strategy<Value = Layers> {
    let flags = vec![
        "limits.dumps=5",
        "reload.timeout=90s",
        "plugins.path=[\"/a\", \"b c\"]",
        "storage.a.port=81",
        "storage.a.root=0123",
        "storage.a.tls={ ca_file = \"x\" }",
        "storage.b.urls=[\"a\", \"b\"]",
        "storage.b.retry.policy=infinite_backoff",
        "storage.b.password={ env = \"KEY\" }",
        "source.new.ratio=1.5",
        "source.new.max_bytes=1GiB",
        "pipeline.move.concurrency=3",
    ];
    let count = flags.len();
    let tables = proptest::collection::vec(layer(), 1..3);
    (tables, subsequence(flags, 0..=count)).prop_map(|(tables, flags)| {
        let layers = tables.into_iter().fold(Layers::new(), Layers::defaults);
        flags.into_iter().fold(layers, Layers::set)
    })
}

fn schema(config: &InstanceConfig) -> Option<Value> {
    (config.type_name == "x").then(plugin)
}

/// The same, with what came as text of its type.
fn typed(mut configuration: Configuration) -> Configuration {
    let instances = configuration.storages.values_mut();
    for config in instances.chain(configuration.sources.values_mut()) {
        if let Some(schema) = schema(config) {
            config.options = config.options.typed(&schema).unwrap();
        }
    }
    configuration
}

/// Dumps what is generated to a file of this name, and reads it again.
fn come_back(name: &str, dump: impl Fn(&Document, &Configuration) -> String) {
    let files = Files::new(&[]);
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let seen = std::cell::RefCell::new(BTreeMap::<&str, u32>::new());
    let outcome = TestRunner::new(config).run(&layers(), |layers| {
        let document = layers.load().unwrap();
        let configuration = document.configuration().unwrap();
        let text = dump(&document, &configuration);
        for part in ["env = ", "\"env\"", "'''", "\\u007F"] {
            *seen.borrow_mut().entry(part).or_default() += u32::from(text.contains(part));
        }
        files.write(name, &text);
        let again = files
            .layers(name)
            .load()
            .and_then(|again| again.configuration());
        let again = again.map_err(|errors| TestCaseError::fail(format!("{errors}\n{text}")))?;
        prop_assert!(again == typed(configuration), "{}", text);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    assert!(
        seen.borrow().values().any(|count| *count > CASES / 10),
        "{seen:?}"
    );
}

#[test]
fn any_configuration_comes_back_from_commented_toml() {
    come_back("a.toml", |document, configuration| {
        to_commented_toml(document, configuration, &schema).unwrap()
    });
}

#[test]
fn any_configuration_comes_back_from_json() {
    come_back("a.json", |_, configuration| {
        to_json(configuration, &schema).to_string()
    });
}

#[test]
fn a_dump_explains_itself() {
    let files = Files::new(&[
        (
            "a.toml",
            "[storage.a]\ntype = \"x\"\nport = 81\ntls.ca_file = \"/ca\"\npassword = \"hunter2\"\n\
             [storage.a.retry]\npolicy = \"limited_backoff\"\ndelays = [\"1s\"]\n",
        ),
        (
            "b.toml",
            "[storage.a]\nport = 82\npassword = { env = \"KEY\" }\nzz = 1\n",
        ),
    ]);
    let document = files
        .layers("a.toml")
        .file(files.path("b.toml"))
        .set("storage.a.retry.policy=once")
        .load()
        .unwrap();
    let configuration = document.configuration().unwrap();
    let dump = to_commented_toml(&document, &configuration, &schema).unwrap();
    let dump = dump.replace(
        &format!("{}/", files.path("").display()).replace("//", "/"),
        "",
    );
    for part in [
        "\n[limits]\n# How large a crash may be.\n",
        "\n# Dumps of one crash.\n# (an integer from 1 to 65536; default 64; a change: in place)\n# dumps = 64\n",
        "# (an integer from 0 to 65535; default 80; a change: new instance)\n# from b.toml:2:8\n\
         #   overrides 81 of a.toml:3:8\nport = 82\n",
        "# from a.toml:4:15\ntls.ca_file = \"/ca\"\n",
        "# tls.verify = true\n",
        "# from b.toml:3:12\n#   overrides *** of a.toml:5:12\npassword = { env = \"KEY\" }\n",
        "# from --set storage.a.retry.policy\n#   overrides \"limited_backoff\" of a.toml:7:10\n\
         retry.policy = \"once\"\n",
        "# from a.toml:8:10\n# It has no effect here.\n",
        "\n# from b.toml:4:6\nzz = 1\n",
        "#   auto: It self.\n",
    ] {
        assert!(dump.contains(part), "no\n{part}\nin\n{dump}");
    }
    assert!(!dump.contains("hunter2"), "{dump}");
}

#[test]
fn a_strange_name_of_a_file_stays_in_its_comment() {
    let files = Files::new(&[("a\n[limits].toml", "[limits]\ndumps = 3\n")]);
    let document = files.layers("a\n[limits].toml").load().unwrap();
    let configuration = document.configuration().unwrap();
    let dump = to_commented_toml(&document, &configuration, &schema).unwrap();
    assert!(
        dump.lines()
            .all(|line| line.starts_with('#') || !line.contains(".toml")),
        "{dump}"
    );
    assert_eq!(super::read(&dump).unwrap(), configuration);
}
