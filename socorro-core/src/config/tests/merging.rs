use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn merged(layers: &[Value]) -> Value {
    let built = layers
        .iter()
        .fold(Layers::new(), |built, layer| built.defaults(layer));
    built.load().unwrap().to_json()
}

#[test]
fn tables_merge_and_lists_replace() {
    assert_eq!(
        merged(&[
            json!({ "storage": { "a": { "list": [1, 2], "table": { "x": 1, "y": 1 } } } }),
            json!({ "storage": { "a": { "list": [3], "table": { "y": 2 } } } }),
        ]),
        json!({ "storage": { "a": { "list": [3], "table": { "x": 1, "y": 2 } } } })
    );
}

#[test]
fn a_reference_replaces_and_is_replaced_whole() {
    let file = json!({ "storage": { "a": { "key": { "file": "/f" } } } });
    let env = json!({ "storage": { "a": { "key": { "env": "E" } } } });
    let table = json!({ "storage": { "a": { "key": { "x": 1 } } } });
    assert_eq!(merged(&[file.clone(), env.clone()]), env);
    assert_eq!(merged(&[table.clone(), env.clone()]), env);
    assert_eq!(merged(&[env.clone(), table.clone()]), table);
    assert_eq!(merged(&[table, env, file.clone()]), file);
}

#[test]
fn a_variable_replaces_a_files_reference() {
    let layers = Layers::new()
        .defaults(json!({ "storage": { "a": { "key": { "file": "/f" } } } }))
        .environment(
            "SOCORRO",
            variables(&[("SOCORRO__STORAGE__A__KEY__ENV", "E")]),
        );
    assert_eq!(
        layers.load().unwrap().to_json(),
        json!({ "storage": { "a": { "key": { "env": "E" } } } })
    );
}

#[test]
fn only_options_are_references() {
    let pins = |name: &str| json!({ "plugins": { "sha256": { name: "x" } } });
    assert_eq!(
        merged(&[pins("file"), pins("env")]),
        json!({ "plugins": { "sha256": { "file": "x", "env": "x" } } })
    );
}

#[test]
fn another_type_replaces_the_table_and_the_same_does_not() {
    let first = json!({ "storage": { "a": { "type": "s3", "bucket": "b" }, "b": { "type": "s3", "x": 1 } } });
    assert_eq!(
        merged(&[
            first.clone(),
            json!({ "storage": { "a": { "type": "filesystem", "root": "/" }, "b": { "type": "s3", "y": 1 } } }),
        ]),
        json!({ "storage": {
            "a": { "type": "filesystem", "root": "/" },
            "b": { "type": "s3", "x": 1, "y": 1 },
        } })
    );
    let by_flags = Layers::new()
        .defaults(first)
        .set("storage.a.root=/")
        .set("storage.a.type=filesystem");
    assert_eq!(
        by_flags.load().unwrap().to_json()["storage"]["a"],
        json!({ "type": "filesystem", "root": "/" })
    );
}

#[test]
fn what_is_left_of_a_table_is_no_reference() {
    let l = |table: Value| json!({ "storage": { "a": { "l": table } } });
    assert_eq!(
        merged(&[
            l(json!({ "env": "a", "x": 1 })),
            l(json!({ "x": { "env": "A" } })),
            l(json!({})),
        ]),
        l(json!({ "env": "a", "x": { "env": "A" } }))
    );
}

/// The rules as one would say them.
fn naive(layers: &[Value]) -> Value {
    let mut all = Map::new();
    for layer in layers {
        for section in ["storage", "source"] {
            let Some(members) = layer.get(section).and_then(Value::as_object) else {
                continue;
            };
            for (name, member) in members {
                let old = all.get(section).and_then(|all| all.get(name)?.get("type"));
                let new = member.get("type");
                if old.is_some() && new.is_some() && old != new {
                    all[section].as_object_mut().unwrap().remove(name);
                }
            }
        }
        overlay(&mut all, layer.as_object().unwrap(), &[]);
    }
    Value::Object(all)
}

fn overlay(base: &mut Map<String, Value>, over: &Map<String, Value>, path: &[&str]) {
    // Only options of storages and sources can be references.
    let options = path.len() >= 2 && ["storage", "source"].contains(&path[0]);
    for (key, value) in over {
        match (base.get_mut(key), value) {
            (Some(old @ Value::Object(_)), Value::Object(new))
                if !(options && (is_reference(old) || is_reference(value))) =>
            {
                let path = [path, &[key.as_str()]].concat();
                overlay(old.as_object_mut().unwrap(), new, &path);
            }
            _ => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}

fn is_reference(value: &Value) -> bool {
    let table = value.as_object().unwrap();
    table.len() == 1
        && ["env", "file", "credential"]
            .iter()
            .any(|key| table.get(*key).is_some_and(Value::is_string))
}

fn option() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        "[a-c]".prop_map(Value::from),
        (0..3i64).prop_map(Value::from),
        proptest::collection::vec(0..3i64, 0..3).prop_map(Value::from),
        ("env|file|credential", "[A-C]").prop_map(|(key, name)| json!({ key: name })),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        proptest::collection::btree_map("env|file|x|y", inner, 0..3)
            .prop_map(|table| table.into_iter().collect())
    })
}

fn member() -> impl Strategy<Value = Value> {
    let table = (
        proptest::option::of("s3|fs"),
        proptest::collection::btree_map("k|l|m", option(), 0..4),
    )
        .prop_map(|(kind, mut table)| {
            if let Some(kind) = kind {
                table.insert("type".to_owned(), kind.into());
            }
            table.into_iter().collect::<Value>()
        });
    prop_oneof![12 => table, 1 => Just(json!("text"))]
}

fn layer() -> impl Strategy<Value = Value> {
    let members = || proptest::collection::btree_map("a|b", member(), 0..3);
    (members(), members(), option(), 0..20u8).prop_map(|(storage, source, limits, odd)| {
        if odd == 0 {
            return json!({ "storage": 5 });
        }
        json!({ "storage": storage, "source": source, "limits": limits })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn merging_is_what_the_rules_say(layers in proptest::collection::vec(layer(), 1..5)) {
        prop_assert_eq!(merged(&layers), naive(&layers));
    }
}
