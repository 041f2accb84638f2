use serde_json::json;

use super::*;

fn taken(text: &str) -> serde_json::Value {
    let configuration = read(text).unwrap();
    let options = &configuration.sources["s"].options;
    super::super::tree::table_to_json(options.table())
}

#[test]
fn options_are_taken_over_and_own_ones_win() {
    let text = r#"
        [storage.spool]
        type = "filesystem"
        start = "degraded"
        timeout = "1s"
        root = "/spool"
        layout = "radix"
        tls = { ca = "/ca", verify = true }
        key = { env = "A" }
        [source.s]
        type = "filesystem"
        use = "storage.spool"
        layout = "dated_radix"
        tls = { verify = false }
        key = { file = "/k" }
    "#;
    assert_eq!(
        taken(text),
        json!({
            "root": "/spool",
            "layout": "dated_radix",
            "tls": { "ca": "/ca", "verify": false },
            "key": { "file": "/k" },
        })
    );
    assert_eq!(
        read(text).unwrap().sources["s"].host,
        HostOptions::default()
    );
}

#[test]
fn a_table_that_is_used_may_use_another() {
    assert_eq!(
        taken(
            "[storage.a]\ntype = \"x\"\na = 1\nb = 1\nc = 1\n[storage.b]\ntype = \"y\"\nuse = \"storage.a\"\n\
             b = 2\nc = 2\n[source.s]\ntype = \"z\"\nuse = \"storage.b\"\nc = 3"
        ),
        json!({ "a": 1, "b": 2, "c": 3 })
    );
}

#[test]
fn a_composite_may_take_over_the_children_of_another() {
    let configuration = read(
        "[storage.a]\ntype = \"x\"\n[storage.f]\ntype = \"fanout\"\nstores = [\"a\"]\n\
         [storage.g]\ntype = \"fanout\"\nuse = \"storage.f\"",
    )
    .unwrap();
    assert_eq!(configuration.storages["g"].stores, ["a"]);
}

#[test]
fn what_cannot_be_used_is_refused_once() {
    for (wrong, line) in [
        (
            "use = \"storage.b\"",
            "a.toml: storage.a.use: there is no table \"storage.b\"; expected an existing one, such as \"storage.spool\"",
        ),
        (
            "use = \"b\"",
            "a.toml: storage.a.use: there is no table \"b\"; expected an existing one, such as \"storage.spool\"",
        ),
        (
            "use = \"limits.a\"",
            "a.toml: storage.a.use: there is no table \"limits.a\"; expected an existing one, such as \"storage.spool\"",
        ),
        (
            "use = 5",
            "a.toml: storage.a.use: expected the name of another table, such as \"storage.spool\", found 5",
        ),
        (
            "use = \"storage.a\"",
            "a.toml: storage.a.use: the tables use each other in a circle: storage.a -> storage.a",
        ),
    ] {
        let text = format!(
            "[limits]\n[storage.a]\ntype = \"x\"\n{wrong}\n[source.s]\ntype = \"x\"\nuse = \"storage.a\""
        );
        assert_eq!(read(&text).unwrap_err(), [line]);
    }
}

#[test]
fn circles_and_long_chains_are_refused() {
    assert_eq!(
        read(
            "[storage.a]\ntype = \"x\"\nuse = \"source.b\"\n[source.b]\ntype = \"x\"\nuse = \"storage.a\"\n\
             [storage.c]\ntype = \"x\"\nuse = \"storage.a\""
        )
        .unwrap_err(),
        [
            "a.toml: source.b.use: the tables use each other in a circle: storage.a -> source.b -> storage.a",
            "a.toml: storage.a.use: the tables use each other in a circle: source.b -> storage.a -> source.b",
        ]
    );
    let chain: String = (0..30)
        .map(|n| {
            format!(
                "[storage.s{n}]\ntype = \"x\"\nuse = \"storage.s{}\"\n",
                n + 1
            )
        })
        .collect();
    let errors = read(&format!("{chain}[storage.s30]\ntype = \"x\"")).unwrap_err();
    assert!(
        errors[0].ends_with("more than 16 tables use one another"),
        "{errors:?}"
    );
}
