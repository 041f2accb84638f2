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
    assert_eq!(names, ["filesystem", "memory", "null"]);
    assert!(
        list.lines().iter().all(|line| line.contains("abi 0.")),
        "{list:?}"
    );

    let list = place.run(&["plugin", "list", "--json"]);
    let list: Value = serde_json::from_slice(list.bytes()).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 3);
    assert_eq!(list[0]["name"], "filesystem");
    assert_eq!(list[0]["sha256"].as_str().unwrap().len(), 64);
    assert!(std::path::Path::new(list[0]["path"].as_str().unwrap()).is_file());
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
    assert_eq!(show["sha256"], list[0]["sha256"]);
}

#[test]
fn a_flag_says_where_to_look() {
    let flag = plugins().display().to_string();
    let mut socorro = std::process::Command::new(env!("CARGO_BIN_EXE_socorro"));
    let list = finish(
        socorro.args(["--plugin-path", &flag, "plugin", "list"]),
        b"",
    );
    assert_eq!(list.lines().len(), 3);

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
