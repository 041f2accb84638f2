//! Origins: of each value, and of what it overrode.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// The story of `key`, a line each.
fn story(files: &Files, document: &Document, key: &str) -> Vec<String> {
    let directory = format!("{}/", files.path("").display()).replace("//", "/");
    let explained = document.explain(key).unwrap().to_string();
    explained
        .lines()
        .map(|line| line.replace(&directory, ""))
        .collect()
}

#[test]
fn a_value_names_all_that_it_overrode() {
    let files = Files::new(&[
        ("a.toml", "[storage.a]\ntype = \"s3\"\nbucket = \"one\"\n"),
        (
            "b.json",
            "{ \"storage\": {\n  \"a\": { \"bucket\": \"two\" } } }",
        ),
    ]);
    let document = Layers::new()
        .defaults(json!({ "storage": { "a": { "bucket": "zero" } } }))
        .file(files.path("a.toml"))
        .file(files.path("b.json"))
        .environment(
            "SOCORRO",
            variables(&[("SOCORRO__STORAGE__A__BUCKET", "three")]),
        )
        .set("storage.a.bucket=four")
        .set("storage.a.bucket=five")
        .load()
        .unwrap();
    assert_eq!(
        story(&files, &document, "storage.a.bucket"),
        [
            "storage.a.bucket = \"five\"",
            "  from --set storage.a.bucket",
            "  overrides \"four\" of --set storage.a.bucket",
            "  overrides \"three\" of environment variable SOCORRO__STORAGE__A__BUCKET",
            "  overrides \"two\" of b.json:2:20",
            "  overrides \"one\" of a.toml:3:10",
            "  overrides \"zero\" of default",
        ]
    );
    assert_eq!(
        story(&files, &document, "storage.a"),
        [
            "storage.a is a table with",
            "  storage.a.bucket",
            "  storage.a.type"
        ]
    );
    assert_eq!(document.explain("storage.b"), None);
    assert_eq!(document.keys(), ["storage.a.bucket", "storage.a.type"]);
}

#[test]
fn what_a_change_of_type_leaves_behind_is_said_not_to_count() {
    let files = Files::new(&[
        (
            "a.toml",
            "[storage.a]\ntype = \"s3\"\nbucket = \"one\"\nsecret_access_key = \"hush\"",
        ),
        ("b.toml", "[storage.a]\ntype = \"filesystem\"\nroot = \"/\""),
    ]);
    let document = files
        .layers("a.toml")
        .file(files.path("b.toml"))
        .load()
        .unwrap();
    assert_eq!(
        story(&files, &document, "storage.a.bucket"),
        [
            "storage.a.bucket is not set",
            "  does not count: \"one\" of a.toml:3:10, because its table was replaced",
        ]
    );
    assert_eq!(
        story(&files, &document, "storage.a.secret_access_key")[1],
        "  does not count: *** of a.toml:4:21, because its table was replaced"
    );
    assert_eq!(
        story(&files, &document, "storage.a.type"),
        [
            "storage.a.type = \"filesystem\"",
            "  from b.toml:2:8",
            "  overrides \"s3\" of a.toml:2:8",
        ]
    );
}

#[test]
fn an_error_names_what_its_value_overrode_and_what_may_have_been_meant() {
    let files = Files::new(&[("a.toml", "[limits]\ndumps = 12\n")]);
    let errors = files
        .layers("a.toml")
        .set("limits.dumps=many")
        .set("limits.dupms=1")
        .load()
        .unwrap()
        .configuration()
        .unwrap_err();
    let directory = format!("{}/", files.0.path().display());
    assert_eq!(
        errors.to_string().replace(&directory, ""),
        "--set limits.dumps: expected an integer from 1 to 65536, found \"many\"; \
         overrides 12 of a.toml:2:9\n\
         --set limits.dupms: is no known key; known here: crash_size, dumps, json_depth; \
         did you mean \"dumps\"?"
    );
}

/// What a layer says at each key, as one would look it up.
fn leaves(value: &Value, above: &str, found: &mut Vec<(String, Value)>) {
    for (name, value) in value.as_object().unwrap() {
        let key = if above.is_empty() {
            name.clone()
        } else {
            format!("{above}.{name}")
        };
        match value {
            Value::Object(_) => leaves(value, &key, found),
            other => found.push((key, other.clone())),
        }
    }
}

fn layer() -> impl Strategy<Value = Value> {
    let leaf = (0..100i64).prop_map(Value::from);
    let table = leaf.prop_recursive(3, 24, 3, |inner| {
        proptest::collection::btree_map("[xyz]", inner, 1..3)
            .prop_map(|table| table.into_iter().collect())
    });
    proptest::collection::btree_map("[abc]", table, 0..4)
        .prop_map(|table| table.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Against a naive look into the layers, last first: the first that says a leaf there is in force, unless
    /// a later layer says something above or below it; the others are overridden, in order.
    #[test]
    fn the_chain_is_what_the_layers_say(layers in proptest::collection::vec(layer(), 1..5)) {
        let built = layers.iter().fold(Layers::new(), |built, layer| built.defaults(layer));
        let document = built.load().unwrap();
        let mut merged = Vec::new();
        leaves(&document.to_json(), "", &mut merged);
        for (key, value) in merged {
            let explained = document.explain(&key).unwrap();
            let chain: Vec<String> = layers
                .iter()
                .rev()
                .filter_map(|layer| layer.pointer(&format!("/{}", key.replace('.', "/"))))
                .map(|said| match said {
                    Value::Object(_) => "a table".to_owned(),
                    other => other.to_string(),
                })
                .collect();
            prop_assert_eq!(&explained.value.unwrap().value, &value.to_string());
            let told: Vec<String> = std::iter::once(value.to_string())
                .chain(explained.overrode.into_iter().map(|said| said.value))
                .collect();
            prop_assert_eq!(told, chain, "{}", key);
        }
    }
}
