//! What a key is, whether it is set or not.

use serde_json::{Value, json};

use super::*;
use crate::config::Named;

fn schema(named: &Named) -> Option<Value> {
    (named.type_name == "x").then(|| {
        json!({ "properties": {
            "root": { "type": "string", "description": "Where it is." },
            "port": { "type": "integer", "minimum": 1, "maximum": 9, "default": 8, "description": "Which." },
            "max_bytes": { "type": "integer" },
            "pin": { "type": "string", "x-secret": true },
            "tls": { "type": "object", "properties": { "ca": { "type": "string" } } },
        }, "required": ["root"] })
    })
}

/// What is said of `key`, without the directory of the files.
fn explain(files: &Files, document: &Document, key: &str) -> Result<String, Vec<String>> {
    match document.explained(key, &schema) {
        Ok(explained) => Ok(explained
            .to_string()
            .replace(&format!("{}/", files.0.path().display()), "")),
        Err(errors) => Err(errors.iter().map(ToString::to_string).collect()),
    }
}

fn example() -> (Files, Document) {
    let files = Files::new(&[(
        "a.toml",
        "[storage.a]\ntype = \"x\"\nroot = \"/one\"\npin = \"1234\"\ntls = { ca = \"/ca\" }\n\
         [storage.b]\ntype = \"x\"\nuse = \"storage.a\"\n[source.new]\ntype = \"x\"\nuse = \"storage.b\"\n\
         [plugins]\nsha256.x = \"00\"\n",
    )]);
    let document = files
        .layers("a.toml")
        .set("storage.a.root=/two")
        .load()
        .unwrap();
    (files, document)
}

#[test]
fn a_key_is_told_with_its_story_and_what_it_is_for() {
    let (files, document) = example();
    let say = |key: &str| explain(&files, &document, key).unwrap();
    assert_eq!(
        say("storage.a.root"),
        "storage.a.root = \"/two\"\n  from --set storage.a.root\n  overrides \"/one\" of a.toml:3:8\n\n\
         Where it is.\n\n  value     a string\n  default   none; it must be set\n  \
         a change  new instance: a reload replaces the instance: the old one sees through what it has"
    );
    assert_eq!(
        say("storage.a.port"),
        "storage.a.port is not set\n\nWhich.\n\n  value     an integer from 1 to 9\n  default   8\n  \
         a change  new instance: a reload replaces the instance: the old one sees through what it has"
    );
    assert!(say("limits.dumps").contains("default   64\n  a change  in place: "));
    assert!(say("storage.a.retry.policy").contains("\n  once: One attempt.\n"));
    assert!(say("include").contains("a list, each a path"));
    // The host's key hides the plugin's.
    assert!(say("storage.a.max_bytes").contains("a size, at least 1B"));
}

#[test]
fn what_is_taken_over_is_told_with_where_it_comes_from() {
    let (files, document) = example();
    for key in ["storage.b.root", "source.new.root"] {
        let told = explain(&files, &document, key).unwrap();
        assert!(
            told.starts_with(&format!("{key} = \"/two\"\n  from --set storage.a.root\n")),
            "{told}"
        );
        assert!(told.contains("Where it is."), "{told}");
        assert!(
            told.contains("\n  taken over from storage.a.root by `use`\n"),
            "{told}"
        );
    }
    let own = document.explained("storage.a.root", &schema).unwrap();
    assert_eq!(own.taken_over, None);
}

#[test]
fn what_is_a_secret_is_told_by_the_schema_and_else_by_nobody() {
    let files = Files::new(&[(
        "a.toml",
        "[resource.r]\npw = \"canary-pw\"\nport = 5\n[storage.a]\ntype = \"x\"\nuse = \"resource.r\"\n\
         rot = \"canary-rot\"\n[storage.none]\ntype = \"other\"\nroot = \"canary-none\"\n",
    )]);
    let document = Layers::new().file(files.path("a.toml")).load().unwrap();
    for key in [
        "storage.a.rot",
        "storage.a.pw",
        "resource.r.pw",
        "storage.none.root",
    ] {
        let told = explain(&files, &document, key).unwrap();
        assert!(told.contains("***") && !told.contains("canary"), "{told}");
    }
    assert!(
        explain(&files, &document, "resource.r.port")
            .unwrap()
            .contains("= 5")
    );
}

#[test]
fn what_is_inside_of_a_value_is_no_key() {
    let (files, document) = example();
    for key in ["storage.a.root.foo", "plugins.path.0"] {
        assert!(explain(&files, &document, key).is_err(), "{key}");
    }
}

#[test]
fn a_table_is_told_with_what_could_be_in_it_and_a_part_with_what_it_is_part_of() {
    let (_, document) = example();
    let table = document.explained("storage.a.tls", &schema).unwrap();
    assert_eq!(
        (table.members, table.option),
        (vec!["storage.a.tls.ca".to_owned()], None)
    );
    let limits = document.explained("limits", &schema).unwrap();
    assert_eq!(
        limits.members,
        ["limits.crash_size", "limits.dumps", "limits.json_depth"]
    );
    assert_eq!(
        limits.to_string().lines().next(),
        Some("limits is a table with")
    );
    let pin = document.explained("plugins.sha256.x", &schema).unwrap();
    assert_eq!(pin.option.unwrap().key, "plugins.sha256");
}

#[test]
fn a_secret_in_plain_text_is_not_shown_whatever_its_name() {
    let (files, document) = example();
    let told = explain(&files, &document, "storage.a.pin").unwrap();
    assert!(told.starts_with("storage.a.pin = ***\n"), "{told}");
    let json = document
        .explained("storage.a.pin", &schema)
        .unwrap()
        .to_json();
    assert!(!json.to_string().contains("1234"), "{json}");
    assert_eq!(json["option"]["secret"], true);
    assert!(
        json["origin"].as_str().unwrap().ends_with("a.toml:4:7"),
        "{json}"
    );
}

#[test]
fn an_unknown_key_is_an_error_with_the_nearest_one() {
    let (files, document) = example();
    assert_eq!(
        explain(&files, &document, "storage.a.prot").unwrap_err(),
        [
            "configuration: storage.a.prot: is neither set nor an option; `socorro config dump` lists all there \
             are; did you mean \"storage.a.port\"?"
        ]
    );
    assert_eq!(
        explain(&files, &document, "limits.dump").unwrap_err(),
        [
            "configuration: limits.dump: is neither set nor an option; `socorro config dump` lists all there \
             are; did you mean \"limits.dumps\"?"
        ]
    );
    let errors = document.explained("zzz", &schema).unwrap_err();
    assert_eq!(errors.0[0].class, Class::UnknownKey);
}
