//! `config schema` and `config explain`.

use std::path::Path;

use serde_json::{Value, json};
use socorro_testkit::plugins::{self, Profile};

use crate::json_schema::wrong;
use crate::support::Place;

/// The schema with every plugin of this workspace.
fn schema() -> Value {
    let place = Place::new("");
    let plugins = plugins::directory(&plugins::all().unwrap(), Profile::Dev).unwrap();
    let plugins = plugins.display().to_string();
    let schema = place.run(&["--plugin-path", &plugins, "config", "schema"]);
    serde_json::from_slice(schema.bytes()).unwrap()
}

/// What a TOML text says.
fn toml(text: &str) -> Value {
    let table: toml::Table = text.parse().unwrap();
    serde_json::to_value(table).unwrap()
}

#[test]
fn every_example_of_the_documents_is_one() {
    let schema = schema();
    let mut checked = 0;
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for block in text.split("\n```").skip(1).step_by(2) {
            let Some(example) = block.strip_prefix("toml\n") else {
                continue;
            };
            if example.contains("[package]") || example.contains("[dependencies]") {
                continue;
            }
            let found = wrong(&schema, &toml(example));
            assert_eq!(found, [""; 0], "{}:\n{example}", document.display());
            checked += 1;
        }
    }
    assert!(checked > 10, "{checked}");
}

/// The pages, and the READMEs.
fn documents() -> Vec<std::path::PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = vec![root.join("README.md"), root.join("socorro-core/README.md")];
    for (directory, file) in [("docs", None), ("socorro-plugins", Some("README.md"))] {
        for entry in std::fs::read_dir(root.join(directory)).unwrap() {
            let path = entry.unwrap().path();
            let path = file.map_or(path.clone(), |file| path.join(file));
            if path.extension().is_some_and(|extension| extension == "md") && path.is_file() {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn what_is_wrong_in_a_file_is_seen_by_an_editor() {
    let schema = schema();
    for (text, fine) in [
        ("", true),
        ("include = [\"*.toml\"]", true),
        ("[storage.a]\nroot = 5", true),
        (
            "[storage.a]\ntype = \"filesystem\"\nroot = \"/\"\nretry.delays = [\"10s\"]",
            true,
        ),
        (
            "[storage.a]\ntype = \"filesystem\"\nuse = \"storage.b\"",
            true,
        ),
        ("[storage.a]\ntype = \"of_somebody\"\nanything = 1", true),
        (
            "[storage.a]\ntype = \"s3\"\nbucket = \"b\"\nsecret_access_key = { env = \"X\" }",
            true,
        ),
        ("[pipeline.p]\nconcurrency = 3", true),
        ("includes = []", false),
        ("[limits]\ndumps = 0", false),
        ("[limits]\ncrash_size = \"25\"", false),
        ("[reload]\ntimeout = \"soon\"", false),
        ("[storage.A]\ntype = \"filesystem\"\nroot = \"/\"", false),
        ("[storage.a]\ntype = \"filesystem\"", false),
        (
            "[storage.a]\ntype = \"filesystem\"\nroot = \"/\"\nroots = 1",
            false,
        ),
        (
            "[storage.a]\ntype = \"filesystem\"\nroot = \"/\"\nlayout = \"round\"",
            false,
        ),
        (
            "[storage.a]\ntype = \"s3\"\nbucket = \"b\"\nsecret_access_key = \"plain\"",
            false,
        ),
        (
            "[storage.a]\ntype = \"s3\"\nbucket = \"b\"\ntls.ca = \"x\"",
            false,
        ),
        ("[storage.a]\ntype = \"fanout\"\nstores = []", false),
        (
            "[storage.a]\ntype = \"fanout\"\nstores = [\"b\"]\nretry.policy = \"once\"",
            false,
        ),
        ("[pipeline.p]\nsource = \"new\"", false),
    ] {
        let found = wrong(&schema, &toml(text));
        assert_eq!(found.is_empty(), fine, "{text}\n{found:?}");
    }
}

#[test]
fn a_key_is_explained() {
    let place = Place::new("[storage.a]\ntype = \"filesystem\"\nroot = \"{}\"\n");
    let explain =
        |key: &str| place.run(&["--set", "storage.a.root=/two", "config", "explain", key]);
    let root = explain("storage.a.root");
    let lines = root.lines();
    assert_eq!(
        lines[..2],
        ["storage.a.root = \"/two\"", "  from --set storage.a.root"]
    );
    assert!(lines[2].contains("socorro.toml:"), "{lines:?}");
    assert!(
        lines.contains(&"  default   none; it must be set"),
        "{lines:?}"
    );
    let dumps = explain("limits.dumps");
    assert_eq!(dumps.lines()[0], "limits.dumps is not set");
    assert!(dumps.text().contains("\n  a change  in place"), "{dumps:?}");
    let json = place.run(&["config", "explain", "storage.a.layout", "--json"]);
    let json: Value = serde_json::from_slice(json.bytes()).unwrap();
    assert_eq!(json["option"]["default"], "radix");
    assert_eq!(json["option"]["change"], "new instance");
    assert_eq!(json["value"], json!(null));
    explain("storage.a.rot").fails(2, &["did you mean \"storage.a.root\"?"]);
}
