//! Nothing that can be written makes the reader panic.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// Loads, and if that works checks, resolves and dumps.
fn drive(layers: &Layers) {
    let Ok(document) = layers.load() else {
        return;
    };
    if let Ok(configuration) = document.configuration() {
        let schema = json!({ "properties": { "a": { "type": ["integer", "string"] }, "b": { "x-secret": true } } });
        for instance in configuration.storages.values() {
            let _ = instance.options.resolve(&schema, &vault());
        }
        let dump = to_toml(&configuration, &|_| Some(schema.clone())).unwrap();
        assert!(!dump.is_empty());
    }
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,4}".prop_map(|text| format!("\"{text}\"")),
        Just("\"storage.a\"".to_owned()),
        Just("\"fanout\"".to_owned()),
        Just("[\"a\", \"b\"]".to_owned()),
        Just("{ env = \"KEY\" }".to_owned()),
        Just("{ policy = \"once\" }".to_owned()),
        Just("\"5s\"".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        "\\PC{0,8}",
    ]
}

fn line() -> impl Strategy<Value = String> {
    let key = "type|use|stores|retry|timeout|source|from|to|a|b|include|limits|dumps|crash_size";
    prop_oneof![
        3 => (key, value()).prop_map(|(key, value)| format!("{key} = {value}")),
        1 => "(storage|source|pipeline)\\.[ab]|limits|plugins|reload".prop_map(|name| format!("[{name}]")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let files = Files::new(&[]);
        files.write("a.toml", &bytes);
        files.write("a.json", &bytes);
        drive(&files.layers("a.toml"));
        drive(&files.layers("a.json"));
    }

    #[test]
    fn lines_that_look_like_ours(lines in proptest::collection::vec(line(), 0..12)) {
        let files = Files::new(&[("a.toml", &lines.join("\n"))]);
        drive(&files.layers("a.toml"));
    }

    #[test]
    fn any_flags_and_variables(
        flags in proptest::collection::vec("(storage\\.a\\.)?(type|use|stores|a|b|b.env)=\\PC{0,6}|\\PC{0,8}", 0..4),
        names in proptest::collection::vec("SOCORRO__(STORAGE__A__)?(TYPE|STORES|A|B|_)|SOCORRO__\\PC{0,6}", 0..4),
        text in "\\PC{0,8}",
    ) {
        let variables: Vec<_> = names.iter().map(|name| (name.into(), text.clone().into())).collect();
        let layers = Layers::new().environment("SOCORRO", variables);
        drive(&flags.iter().fold(layers, |layers, flag| layers.set(flag)));
    }

    #[test]
    fn any_schema(schema in schema(), options in "(a|b) = (1|\"x\"|\\{ env = \"KEY\" \\}|\\[1\\]|\\{ a = 1 \\})") {
        let _ = resolve(&format!("[storage.a]\ntype = \"x\"\n{options}"), &schema);
    }
}

fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        "string|integer|object|array|null".prop_map(|kind| json!({ "type": kind })),
        Just(json!({ "type": "string", "x-secret": true })),
        Just(json!({ "$ref": "#/$defs/d" })),
        Just(json!({ "const": "x" })),
        any::<bool>().prop_map(Value::from),
    ];
    let rule = leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (
                "anyOf|oneOf|allOf",
                proptest::collection::vec(inner.clone(), 1..3)
            )
                .prop_map(|(key, rules)| json!({ key: rules })),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| json!({ "properties": { "a": a, "b": b } })),
            inner.clone().prop_map(|rule| json!({ "items": rule })),
            inner.prop_map(|rule| json!({ "additionalProperties": rule })),
        ]
    });
    (rule.clone(), rule).prop_map(|(mut root, def)| {
        if let Some(root) = root.as_object_mut() {
            root.insert("$defs".to_owned(), json!({ "d": def }));
        }
        root
    })
}
