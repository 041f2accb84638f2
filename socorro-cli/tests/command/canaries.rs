//! Every secret option of every plugin of this workspace gets a secret that can be found again, and whatever the
//! command prints about it, at its most talkative, is searched.
//!
//! The options are those that the plugins' schemas mark as secret: one that is new is tested here by being there.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use socorro_testkit::canary;
use socorro_testkit::plugins;

use crate::support::{Done, Place};

/// What each kind of plugin needs besides its secrets to be opened, where nobody listens.
fn besides(plugin: &str, kind: &str) -> &'static str {
    match (plugin, kind) {
        ("filesystem", "storage") => "root = \"{}/spool\"",
        ("filesystem", "source") => "root = \"{}/spool\"\nlayout = \"dated_radix\"",
        ("memory", "source") => "queue = \"new\"",
        ("memory" | "null", _) => "",
        ("s3", _) => {
            "bucket = \"crashes\"\nendpoint_url = \"http://127.0.0.1:9\"\naccess_key_id = \"me\"\n\
             secret_access_key = { file = \"{}/other\" }"
        }
        ("postgres", "storage") => "url = \"postgres://me@127.0.0.1:9/crashes\"",
        ("postgres", "source") => "url = \"postgres://me@127.0.0.1:9/crashes\"\nqueue = \"new\"",
        ("elasticsearch", _) => "urls = [\"http://127.0.0.1:9\"]\nusername = \"me\"",
        ("rabbitmq", _) => "url = \"amqp://me@127.0.0.1:9\"",
        _ => panic!("say here what {plugin} needs to be opened as a {kind}"),
    }
}

/// The options of a plugin's kinds that are secrets, as `kind.option` for each.
fn secrets(place: &Place, plugin: &str) -> Vec<(String, String)> {
    let shown = place.run(&["plugin", "show", plugin, "--json"]);
    let shown: Value = serde_json::from_slice(shown.bytes()).unwrap();
    let kinds: BTreeMap<String, Value> = serde_json::from_value(shown["options"].clone()).unwrap();
    let mut found = Vec::new();
    for (kind, schema) in kinds {
        // Every kind has to be known, secrets or not.
        besides(plugin, &kind);
        let mut options = Vec::new();
        walk(&schema, &schema, "", &mut options);
        options.sort();
        options.dedup();
        found.extend(options.into_iter().map(|option| (kind.clone(), option)));
    }
    found
}

/// Collects the dotted paths of what is marked as secret.
fn walk(root: &Value, schema: &Value, path: &str, found: &mut Vec<String>) {
    assert!(path.split('.').count() < 8, "the schema refers to itself");
    if schema["x-secret"] == json!(true) {
        found.push(path.trim_start_matches('.').to_owned());
    }
    if let Some(name) = schema["$ref"].as_str() {
        let target = root.pointer(name.trim_start_matches('#')).unwrap();
        walk(root, target, path, found);
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        walk(root, inner, &format!("{path}.{name}"), found);
    }
    for several in ["anyOf", "oneOf", "allOf"] {
        for inner in schema[several].as_array().into_iter().flatten() {
            walk(root, inner, path, found);
        }
    }
    for within in ["items", "additionalProperties"] {
        let Some(schema) = schema.get(within) else {
            continue;
        };
        let mut inside = Vec::new();
        walk(root, schema, "", &mut inside);
        assert!(
            inside.is_empty(),
            "say here how to write a secret in {path}"
        );
    }
}

/// `option = value` as lines of a table, whichever of its own the plugin needs.
fn with(plugin: &str, kind: &str, option: &str, value: &str) -> String {
    let name = |line: &str| line.split(" = ").next().unwrap_or_default().to_owned();
    let others: Vec<&str> = besides(plugin, kind)
        .lines()
        .filter(|line| name(line) != option)
        // A name and a key exclude each other.
        .filter(|line| !(option == "api_key" && name(line) == "username"))
        .collect();
    format!(
        "[{kind}.it]\ntype = {plugin:?}\nconnect_timeout = \"1s\"\n{option} = {value}\n{}\n",
        others.join("\n")
    )
}

#[test]
fn no_secret_of_any_plugin_is_printed() {
    let place = Place::new("");
    let plugin_path = crate::support::plugins().display().to_string();
    let secret = canary::secret(40).unwrap();
    let path = place.write("secret", &secret);
    let other = place.write("other", canary::secret(40).unwrap());
    for path in [&path, &other] {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    std::fs::create_dir(place.path("spool")).unwrap();
    let run = |arguments: &[&str]| -> Done {
        let talkative = ["--plugin-path", &plugin_path, "--log-level", "trace"];
        place.run(&[&talkative[..], arguments].concat())
    };
    let reference = format!("{{ file = {:?} }}", path.display().to_string());
    let here = path.parent().unwrap().display().to_string();
    let (mut tried, mut talked) = (Vec::new(), false);
    for plugin in plugins::all().unwrap() {
        let finder = Place::new("");
        for (kind, option) in secrets(&finder, &plugin) {
            let mut said = String::new();
            for value in [reference.clone(), format!("{secret:?}")] {
                let text = with(&plugin, &kind, &option, &value).replace("{}", &here);
                place.write("socorro.toml", text);
                let key = format!("{kind}.it.{option}");
                let check = run(&["config", "check"]);
                let right = value == reference;
                assert_eq!(check.code == Some(0), right, "{key}: {}", check.err);
                for arguments in [
                    &["config", "check", "--connect"][..],
                    &["config", "dump"],
                    &["config", "dump", "--json"],
                    &["--log", "json", "run", "--once"],
                    &["--set", &format!("{key}={secret}"), "config", "check"],
                ] {
                    let done = run(arguments);
                    said += &format!("{} {}", String::from_utf8_lossy(&done.out), done.err);
                }
                said += &check.err;
            }
            talked |= said.contains("TRACE");
            let line = said.lines().find(|line| canary::is_in(line.as_bytes()));
            assert_eq!(
                line.map(|line| line.replace(canary::TOKEN, "SECRET")),
                None,
                "{plugin}: {kind}.{option}"
            );
            tried.push(format!("{plugin} {kind} {option}"));
        }
    }
    assert!(
        talked,
        "nothing was logged at this level: silence would mean nothing"
    );
    for known in [
        "elasticsearch storage api_key",
        "elasticsearch storage password",
        "postgres source password",
        "postgres storage password",
        "rabbitmq storage password",
        "s3 storage secret_access_key",
        "s3 storage session_token",
    ] {
        assert!(tried.contains(&known.to_owned()), "{known}: {tried:?}");
    }
}
