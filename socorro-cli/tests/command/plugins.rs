//! `plugin list` and `plugin show`.

use serde_json::Value;

use crate::support::{Place, finish, plugins};

#[test]
fn what_is_there_is_listed() {
    let place = Place::new("");
    let list = place.run(&["plugin", "list"]);
    let names: Vec<&str> = list
        .lines()
        .iter()
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    for name in ["filesystem", "memory", "null"] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(names.is_sorted(), "{names:?}");
    assert!(
        list.lines().iter().all(|line| line.contains("abi 0.")),
        "{list:?}"
    );

    let list = place.run(&["plugin", "list", "--json"]);
    let list: Value = serde_json::from_slice(list.bytes()).unwrap();
    assert_eq!(list.as_array().unwrap().len(), names.len());
    let filesystem = filesystem(&list);
    assert_eq!(filesystem["sha256"].as_str().unwrap().len(), 64);
    assert!(std::path::Path::new(filesystem["path"].as_str().unwrap()).is_file());
}

/// The filesystem plugin in what `plugin list --json` says.
fn filesystem(list: &Value) -> &Value {
    let mut plugins = list.as_array().unwrap().iter();
    plugins
        .find(|plugin| plugin["name"] == "filesystem")
        .unwrap()
}

#[test]
fn one_is_shown_with_its_options() {
    let place = Place::new("");
    let show = place.run(&["plugin", "show", "filesystem"]);
    let text = show.lines().join("\n");
    for part in [
        "filesystem",
        "storage, source",
        "options of a storage:",
        "options of a source:",
        "root",
        "layout",
    ] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    let show = place.run(&["plugin", "show", "filesystem", "--json"]);
    let show: Value = serde_json::from_slice(show.bytes()).unwrap();
    assert_eq!(show["kinds"], serde_json::json!(["storage", "source"]));
    assert!(
        show["options"]["storage"]["properties"]["root"].is_object(),
        "{show:#}"
    );
    assert_eq!(show["sha256"].as_str().unwrap().len(), 64);
    let list = place.run(&["plugin", "list", "--json"]);
    let list: Value = serde_json::from_slice(list.bytes()).unwrap();
    assert_eq!(show["sha256"], filesystem(&list)["sha256"]);
}

#[test]
fn a_flag_says_where_to_look() {
    let flag = plugins().display().to_string();
    let mut socorro = std::process::Command::new(env!("CARGO_BIN_EXE_socorro"));
    let list = finish(
        socorro.args(["--plugin-path", &flag, "plugin", "list"]),
        b"",
    );
    let lines = list.lines();
    assert!(
        lines.iter().any(|line| line.starts_with("filesystem ")),
        "{lines:?}"
    );

    let place = Place::new("");
    std::fs::create_dir(place.path("none")).unwrap();
    let none = ["--plugin-path", "none", "plugin"];
    place
        .run(&[&none[..], &["list"]].concat())
        .fails(1, &["no plugins found", "--plugin-path"]);
    let show = place.run(&[&none[..], &["show", "filesystem"]].concat());
    show.fails(2, &["there is no plugin \"filesystem\"", "none"]);
}

#[test]
fn what_is_no_plugin_is_listed_with_the_reason() {
    let place = Place::new("");
    std::fs::create_dir(place.path("mixed")).unwrap();
    place.write("mixed/libsocorro_plugin_text.so", "no library");
    let list = place.run(&["--plugin-path", "mixed", "plugin", "list"]);
    assert!(list.lines()[0].starts_with("text "), "{list:?}");
    assert!(list.text().contains("is not a shared library"), "{list:?}");
}
