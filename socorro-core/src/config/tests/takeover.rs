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

#[test]
fn a_resource_gives_all_it_has_and_later_ones_win() {
    let text = r#"
        [resource.keys]
        key = { env = "KEY" }
        region = "eu"
        [resource.patient]
        use = "resource.keys"
        region = "us"
        retry = { policy = "limited_backoff", delays = ["1s"] }
        timeout = "5s"
        [resource.tls]
        tls = { ca = "/ca", verify = true }
        region = "asia"
        [storage.a]
        type = "x"
        use = ["resource.patient", "resource.tls"]
        retry = { delays = ["2s"] }
        tls = { verify = false }
        [source.s]
        type = "x"
        use = ["resource.tls", "resource.patient"]
    "#;
    let configuration = read(text).unwrap();
    let a = &configuration.storages["a"];
    assert_eq!(
        super::super::tree::table_to_json(a.options.table()),
        json!({
            "key": { "env": "KEY" },
            "region": "asia",
            "tls": { "ca": "/ca", "verify": false },
        })
    );
    assert_eq!(a.host.timeout.as_secs(), 5);
    assert_eq!(
        serde_json::to_value(&a.host.retry).unwrap()["delays"],
        json!(["2s"])
    );
    assert_eq!(taken(text)["region"], "us");
}

#[test]
fn a_composite_takes_over_from_a_resource() {
    let configuration = read(
        "[storage.a]\ntype = \"x\"\n[resource.all]\nstores = [\"a\"]\n\
         [storage.f]\ntype = \"fanout\"\nuse = \"resource.all\"",
    )
    .unwrap();
    assert_eq!(configuration.storages["f"].stores, ["a"]);
}

#[test]
fn several_tables_can_be_said_in_a_flag() {
    let files = Files::new(&[(
        "a.toml",
        "[resource.b]\nx = 1\n[resource.c]\nx = 2\ny = 2\n[source.s]\ntype = \"z\"",
    )]);
    for (flag, options) in [
        ("resource.b", json!({ "x": 1 })),
        (
            "[\"resource.c\", \"resource.b\"]",
            json!({ "x": 1, "y": 2 }),
        ),
    ] {
        let layers = files.layers("a.toml").set(format!("source.s.use={flag}"));
        let configuration = layers.load().unwrap().configuration().unwrap();
        let table = configuration.sources["s"].options.table();
        assert_eq!(super::super::tree::table_to_json(table), options);
    }
}

#[test]
fn what_a_resource_has_is_checked_where_it_is_used() {
    let files = Files::new(&[(
        "a.toml",
        "[resource.r]\ntimeout = 5\n[storage.a]\ntype = \"x\"\nuse = \"resource.r\"\n\
         [resource.alone]\ntimeout = 5\n",
    )]);
    let errors = files
        .layers("a.toml")
        .load()
        .unwrap()
        .configuration()
        .unwrap_err();
    let [error] = errors.0.try_into().unwrap();
    assert_eq!(error.key, "storage.a.timeout");
    assert!(error.origin.to_string().ends_with("a.toml:2:11"), "{error}");
}

#[test]
fn what_is_no_resource_and_what_cannot_be_shared_is_refused() {
    for (wrong, line) in [
        (
            "[resource.r]\ntype = \"x\"",
            "a.toml: resource.r.type: a resource has no type, and `use` takes none over; say it where the \
             resource is used",
        ),
        (
            "[resource]\nr = 5",
            "a.toml: resource.r: expected a table, found 5",
        ),
        (
            "[resource.R]\nx = 1",
            "a.toml: resource.R: a name is up to 64 small letters, digits and single underscores, a letter first",
        ),
        (
            "[resource.r]\nuse = \"resource.s\"",
            "a.toml: resource.r.use: there is no table \"resource.s\"; expected an existing one, such as \
             \"storage.spool\"",
        ),
        (
            "[resource.r]\n[resource.s]\nuse = [\"resource.r\", \"resource.r\"]",
            "a.toml: resource.s.use: names \"resource.r\" twice",
        ),
        (
            "[resource.s]\nuse = [5]",
            "a.toml: resource.s.use: expected the name of another table, such as \"storage.spool\", found 5",
        ),
    ] {
        assert_eq!(read(wrong).unwrap_err(), [line]);
    }
    let nested =
        document("[storage.a]\ntype = \"x\"\n[storage.b]\ntype = \"x\"\nuse = \"storage.a.retry\"");
    assert_eq!(
        nested.configuration().unwrap_err().0[0].help.as_deref(),
        Some(
            "a table is used as a whole: use \"storage.a\", or put what is shared into a [resource.NAME]"
        )
    );
}

/// What is taken over names where it was written; what wins over it names it.
#[test]
fn origins_and_what_was_overridden_are_taken_over_too() {
    let files = Files::new(&[
        (
            "a.toml",
            "[resource.r]\nbucket = \"one\"\nkey = { env = \"A\" }\n[storage.a]\ntype = \"x\"\n\
             use = \"resource.r\"\n[storage.b]\ntype = \"x\"\nuse = \"storage.a\"\nbucket = \"four\"\n\
             key = { file = \"/k\" }\n",
        ),
        ("b.toml", "[resource.r]\nbucket = \"two\"\n"),
        ("c.toml", "[storage.b]\nbucket = \"five\"\n"),
    ]);
    let document = files
        .layers("a.toml")
        .file(files.path("b.toml"))
        .file(files.path("c.toml"))
        .load()
        .unwrap();
    let story = |key: &str| -> Vec<String> {
        let told = document.explain(key).unwrap().to_string();
        let here = format!("{}/", files.0.path().display());
        told.lines().map(|line| line.replace(&here, "")).collect()
    };
    assert_eq!(
        story("storage.a.bucket"),
        [
            "storage.a.bucket = \"two\"",
            "  from b.toml:2:10",
            "  overrides \"one\" of a.toml:2:10",
        ]
    );
    assert_eq!(
        story("storage.b.bucket"),
        [
            "storage.b.bucket = \"five\"",
            "  from c.toml:2:10",
            "  overrides \"four\" of a.toml:10:10",
            "  overrides \"two\" of b.toml:2:10",
            "  overrides \"one\" of a.toml:2:10",
        ]
    );
    assert_eq!(
        story("storage.b.key"),
        [
            "storage.b.key = { file = \"/k\" }",
            "  from a.toml:11:7",
            "  overrides { env = \"A\" } of a.toml:3:7",
        ]
    );
    assert!(document.keys().contains(&"storage.b.key".to_owned()));
}

#[test]
fn references_of_a_resource_replace_each_other_whole() {
    let files = Files::new(&[
        (
            "a.toml",
            "[resource.r]\nkey = { env = \"A\" }\n[source.s]\ntype = \"x\"\nuse = \"resource.r\"",
        ),
        ("b.toml", "[resource.r]\nkey = { file = \"/k\" }"),
    ]);
    let document = files
        .layers("a.toml")
        .file(files.path("b.toml"))
        .load()
        .unwrap();
    let configuration = document.configuration().unwrap();
    let table = configuration.sources["s"].options.table();
    assert_eq!(
        super::super::tree::table_to_json(table),
        json!({ "key": { "file": "/k" } })
    );
}

#[test]
fn a_resource_that_nobody_uses_is_warned_about() {
    let text = "[resource.idle]\nuse = \"resource.also_idle\"\n[resource.also_idle]\nx = 1\n\
                [resource.busy]\nuse = \"resource.busy_too\"\n[resource.busy_too]\ny = 1\n\
                [storage.a]\ntype = \"x\"\nuse = \"resource.busy\"";
    let warnings = warned(|| {
        read(text).unwrap();
    });
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    for (warning, key) in warnings.iter().zip(["resource.also_idle", "resource.idle"]) {
        assert!(
            warning.contains(key) && warning.contains("no effect") && warning.contains("a.toml"),
            "{warning}"
        );
    }
}

/// Tables that use each other in every combination are each followed once, and no story grows beyond bounds.
#[test]
fn many_tables_that_use_many_are_no_burden() {
    let mut text = String::new();
    for level in 0..12 {
        for place in 0..8 {
            let below: Vec<String> = (0..8)
                .map(|below| format!("\"resource.r{}_{below}\"", level + 1))
                .collect();
            text += &format!(
                "[resource.r{level}_{place}]\nuse = [{}]\nx = {place}\n",
                below.join(", ")
            );
        }
    }
    for place in 0..8 {
        text += &format!("[resource.r12_{place}]\nx = {place}\n");
    }
    text += "[storage.a]\ntype = \"x\"\nuse = \"resource.r0_0\"";
    let told = document(&text).explain("storage.a.x").unwrap();
    assert_eq!(told.overrode.len(), 64);
}

#[test]
fn what_is_taken_over_is_bounded() {
    let options: String = (0..1000).map(|option| format!("o{option} = 1\n")).collect();
    let mut text = format!("[resource.r]\n{options}");
    for storage in 0..200 {
        text += &format!("[storage.s{storage}]\ntype = \"x\"\nuse = \"resource.r\"\n");
    }
    let errors = read(&text).unwrap_err();
    assert_eq!(errors.len(), 100);
    assert!(
        errors[0].ends_with("more than 100000 values are taken over in all"),
        "{errors:?}"
    );
}
