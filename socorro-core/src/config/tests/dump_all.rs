//! Whatever is configured, both dumps load back to the same configuration.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};

use super::super::describe;
use super::*;

const CASES: u32 = 10_000;
const THREADS: u32 = 4;

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

/// Decisions that a generator asks for one by one; none left means the simplest. A list of them shrinks well,
/// and is made far quicker than strategies of every option.
struct Choices(std::vec::IntoIter<u16>);

impl Choices {
    fn next(&mut self) -> u16 {
        self.0.next().unwrap_or(0)
    }

    /// Seldom true.
    fn is_set(&mut self) -> bool {
        self.next() % 4 == 3
    }

    fn below(&mut self, most: usize) -> usize {
        usize::from(self.next()) % most
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

const TEXTS: [&str; 14] = [
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
];

/// A value that a schema allows.
fn value(schema: &Value, choices: &mut Choices) -> Value {
    if let Some(words) = schema["oneOf"].as_array() {
        return choices.of(words)["const"].clone();
    }
    if schema["anyOf"][0]["x-secret"] == true {
        return choices.of(&[
            json!({ "env": "KEY" }),
            json!({ "file": "/run/\"it\"" }),
            json!({ "credential": "c" }),
        ]);
    }
    match (schema["x-unit"].as_str(), schema["format"].as_str()) {
        (Some("duration"), _) => {
            let unit = choices.of(&["ms", "s", "min"]);
            return format!("{}{unit}", choices.below(1000) + 1).into();
        }
        // A storage has to take the largest crash, whose size `layer` says.
        (Some("bytes"), _) => return choices.of(&["512MiB", "2199023255552B", "3TB"]).into(),
        (_, Some("sha256")) => return json!("0f".repeat(32)),
        (_, Some("address")) => return choices.of(&["127.0.0.1:9464", "[::]:0"]).into(),
        (_, Some("dotted path")) => return choices.of(&["a.b", "x"]).into(),
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
            let near = least.saturating_add(choices.next().into()).min(most);
            choices.of(&[least, most, near]).into()
        }
        Some("number") => {
            let near = f64::from(choices.next()) / 7.0 * 1e10 - 1e12;
            choices.of(&[json!(2), json!(0.1), json!(-97077794725273.17), json!(near)])
        }
        Some("boolean") => choices.of(&[false, true]).into(),
        Some("array") => {
            let least = schema["minItems"].as_u64().unwrap_or(0) as usize;
            let count = least.max(choices.below(3));
            (0..count)
                .map(|_| value(&schema["items"], choices))
                .collect()
        }
        Some("object") if schema["properties"].is_object() => table(schema, &[], choices).into(),
        Some("object") => (0..choices.below(3))
            .map(|place| {
                let name = ["a", "b1", "c_d"][place].to_owned();
                (name, value(&schema["additionalProperties"], choices))
            })
            .collect(),
        _ => choices.of(&TEXTS).into(),
    }
}

/// Some of the options of a table, without those named.
fn table(schema: &Value, without: &[&str], choices: &mut Choices) -> Map<String, Value> {
    let mut table = Map::new();
    for (name, schema) in schema["properties"].as_object().unwrap() {
        if without.contains(&name.as_str()) || !choices.is_set() {
            continue;
        }
        let value = match &schema["$ref"] {
            Value::String(_) => SCHEMAS.with(|all| value(&all.plugin["$defs"]["Tls"], choices)),
            _ => value(schema, choices),
        };
        table.insert(name.clone(), value);
    }
    table
}

struct Schemas {
    plugin: Value,
    host: Value,
    pipeline: Value,
    sections: [(&'static str, Value); 5],
}

thread_local! {
    static SCHEMAS: Schemas = Schemas {
        plugin: plugin(),
        host: describe::instance("x"),
        pipeline: describe::pipeline(),
        sections: describe::sections(),
    };
}

/// A storage or source of the plugin. Whatever its `library` is, it is not loaded here.
fn instance(schemas: &Schemas, choices: &mut Choices) -> Map<String, Value> {
    let mut instance = table(&schemas.plugin, &[], choices);
    if choices.is_set() {
        let stray = choices.of(&[
            json!({}),
            json!([]),
            json!({ "a b": [{ "c": 1 }, [2.5, "x"]] }),
            json!({ "env": 1 }),
            json!(true),
            json!("plain\n"),
        ]);
        instance.insert(choices.of(&["odd key", "zz", "ü"]).to_owned(), stray);
    }
    instance.extend(table(&schemas.host, &["type", "use"], choices));
    instance.insert("type".to_owned(), json!("x"));
    instance
}

/// What one layer says.
fn layer(schemas: &Schemas, choices: &mut Choices) -> Value {
    let mut whole = Map::new();
    for (name, schema) in &schemas.sections {
        whole.insert(
            (*name).to_owned(),
            table(schema, &["crash_size"], choices).into(),
        );
    }
    if choices.is_set() {
        whole["limits"]["crash_size"] = choices.of(&["1B", "26214401B", "512MiB"]).into();
    }
    let (a, mut new) = (instance(schemas, choices), instance(schemas, choices));
    let uses = choices.of(&[json!("storage.a"), json!(["storage.a", "resource.r"])]);
    let mut b = json!({ "type": "x", "use": uses, "port": choices.below(9) });
    let shared = instance(schemas, choices).into_iter();
    let shared: Map<String, Value> = shared.filter(|(key, _)| key != "type").collect();
    if choices.is_set() {
        b["zz"] = json!({ "inner": choices.below(9) });
    }
    if choices.is_set() {
        new.insert("use".to_owned(), json!("storage.b"));
    }
    let stores = choices.of(&[json!(["a"]), json!(["a", "b"])]);
    let mut pipeline = table(&schemas.pipeline, &["source", "from", "to"], choices);
    for (key, value) in [
        ("source", json!("new")),
        ("from", json!("a")),
        ("to", json!(["b"])),
    ] {
        pipeline.insert(key.to_owned(), value);
    }
    let both = json!({ "type": "fanout", "stores": stores });
    whole.insert(
        "storage".to_owned(),
        json!({ "a": a, "b": b, "both": both }),
    );
    whole.insert("resource".to_owned(), json!({ "r": shared }));
    whole.insert("source".to_owned(), json!({ "new": new }));
    whole.insert("pipeline".to_owned(), json!({ "move": pipeline }));
    whole.into()
}

const FLAGS: [&str; 12] = [
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

/// One or two layers, the later one winning, and flags.
fn layers(mut choices: Choices) -> Layers {
    SCHEMAS.with(|schemas| {
        let mut layers = Layers::new().defaults(layer(schemas, &mut choices));
        if choices.is_set() {
            layers = layers.defaults(layer(schemas, &mut choices));
        }
        let flags = FLAGS.into_iter().filter(|_| choices.is_set());
        flags.fold(layers, Layers::set)
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

#[test]
fn any_configuration_comes_back_from_both_dumps() {
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| come_back(CASES / THREADS));
        }
    });
}

/// Dumps what is generated, reads it again, and compares.
fn come_back(cases: u32) {
    let files = Files::new(&[]);
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let seen = Cell::new([0; 2]);
    let choices = proptest::collection::vec(any::<u16>(), 0..200);
    let outcome = TestRunner::new(config).run(&choices, |choices| {
        let layers = layers(Choices(choices.into_iter()));
        let document = layers.load().unwrap();
        let configuration = document.configuration().unwrap();
        let typed = typed(configuration.clone());
        let toml = to_commented_toml(&document, &configuration, &schema).unwrap();
        let json = to_json(&configuration, &schema).to_string();
        let [references, escapes] = seen.get();
        seen.set([
            references + u32::from(toml.contains("KEY")),
            escapes + u32::from(json.contains("\\u0000")),
        ]);
        for (name, text) in [("a.toml", toml), ("a.json", json)] {
            files.write(name, &text);
            let again = files
                .layers(name)
                .load()
                .and_then(|again| again.configuration())
                .map_err(|errors| TestCaseError::fail(format!("{errors}\n{text}")))?;
            prop_assert!(again == typed, "{}", text);
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    assert!(
        seen.get().iter().all(|count| *count > cases / 20),
        "{seen:?}"
    );
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

#[test]
fn a_secret_in_plain_text_is_masked_by_the_schema_whatever_its_name() {
    let schema = |_: &InstanceConfig| {
        Some(
            json!({ "$defs": { "Login": { "properties": { "pin": { "x-secret": true, "type": "string" } } } },
            "properties": {
                "dsn": { "anyOf": [{ "type": "string", "x-secret": true }, { "type": "null" }] },
                "logins": { "type": "array", "items": { "$ref": "#/$defs/Login" } },
                "login": { "$ref": "#/$defs/Login" },
                "by_name": { "type": "object", "additionalProperties": { "x-secret": true } },
                "root": { "type": "string" },
            } }),
        )
    };
    let files = Files::new(&[
        (
            "a.toml",
            "[storage.a]\ntype = \"x\"\ndsn = \"hunter2\"\nby_name.b = \"hunter2\"\n",
        ),
        (
            "b.toml",
            "[storage.a]\ndsn = { env = \"KEY\" }\nlogins = [{ pin = \"hunter2\" }]\nlogin = \"hunter2\"\n\
             by_name = { a = \"hunter2\", b = { file = \"/b\" } }\nroot = \"/shown\"\n",
        ),
    ]);
    let document = files
        .layers("a.toml")
        .file(files.path("b.toml"))
        .load()
        .unwrap();
    let configuration = document.configuration().unwrap();
    let commented = to_commented_toml(&document, &configuration, &schema).unwrap();
    let json = to_json(&configuration, &schema).to_string();
    for dump in [
        &commented,
        &json,
        &to_toml(&configuration, &schema).unwrap(),
    ] {
        assert!(!dump.contains("hunter2"), "{dump}");
        assert!(
            dump.contains("KEY") && dump.contains("/b") && dump.contains("/shown"),
            "{dump}"
        );
    }
}
