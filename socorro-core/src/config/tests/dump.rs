use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn schema(_: &InstanceConfig) -> Option<Value> {
    Some(json!({ "additionalProperties": true, "properties": {
        "root": { "type": "string" },
        "port": { "type": "integer" },
        "urls": { "type": "array", "items": { "type": "string" } },
        "password": { "type": "string", "x-secret": true },
    } }))
}

fn none(_: &InstanceConfig) -> Option<Value> {
    None
}

fn full() -> Configuration {
    let text = r#"
        [plugins]
        path = ["/p"]
        sha256.x = "0000000000000000000000000000000000000000000000000000000000000000"
        [redaction]
        forbidden_keys = ["a.b"]
        [storage.spool]
        type = "x"
        root = "/spool"
        password = { file = "/run/secret" }
        nested = { list = [{ a = 1 }, { a = 2.5 }], "odd key" = true }
        [storage.archive]
        type = "x"
        use = "storage.spool"
        start = "degraded"
        retry = { policy = "infinite_backoff", delays = ["1500ms"], deadline = "1h" }
        [storage.both]
        type = "fanout"
        stores = ["archive"]
        [source.new]
        type = "x"
        library = "/x.so"
        [pipeline.move]
        source = "new"
        from = "spool"
        to = ["both"]
    "#;
    // A pipeline from spool to what is made of archive, which takes over options but is another storage.
    let files = Files::new(&[("a.toml", text)]);
    let layers = files
        .layers("a.toml")
        .set("storage.spool.port=81")
        .set("storage.spool.urls=[\"a\", \"b\"]");
    layers.load().unwrap().configuration().unwrap()
}

#[test]
fn a_dump_shows_what_is_in_force_and_references_instead_of_secrets() {
    let dump = to_toml(&full(), &schema).unwrap();
    for line in [
        "crash_size = \"25MiB\"",
        "drain_timeout = \"30s\"",
        "password = { file = \"/run/secret\" }",
        "port = 81",
        "max_operations = 256",
        "policy = \"once\"",
    ] {
        let found = dump.contains(line)
            || line.starts_with("password") && dump.contains("password]\nfile = \"/run/secret\"");
        assert!(found, "{line} is not in\n{dump}");
    }
}

#[test]
fn a_dump_loads_back_to_the_same() {
    let configuration = full();
    // What came as text is now of its type, so it is compared typed.
    let again = read(&to_toml(&configuration, &schema).unwrap()).unwrap();
    assert_eq!(to_json(&again, &none), to_json(&configuration, &schema));
    assert_eq!(read(&to_toml(&again, &schema).unwrap()).unwrap(), again);
    assert_eq!(read(&to_toml(&again, &none).unwrap()).unwrap(), again);

    let files = Files::new(&[("a.json", &to_json(&configuration, &schema).to_string())]);
    let from_json = files.layers("a.json").load().unwrap().configuration();
    assert_eq!(from_json.unwrap(), again);
}

#[test]
fn what_was_written_by_mistake_is_masked() {
    let configuration = read(
        "[storage.a]\ntype = \"x\"\npassword = \"hunter2\"\nurl = \"amqp://me:hunter2@h\"\n\
         api_keys = [\"hunter2\"]\ntls.secret = \"hunter2\"",
    )
    .unwrap();
    for schema_of in [&none as SchemaOf<'_>, &schema] {
        let dump = to_toml(&configuration, schema_of).unwrap();
        assert!(!dump.contains("hunter2"), "{dump}");
        assert!(dump.contains("amqp://me:***@h"), "{dump}");
    }
}

fn option() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<String>()
            .prop_filter("is masked", |text| !super::super::url::has_password(text))
            .prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (-1e15..1e15).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..3)
                .prop_map(|table| table.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_options_come_back_from_a_dump(
        options in proptest::collection::btree_map("[a-d]{1,3}", option(), 0..4),
        timeout in 1..10_000_000_000u64,
        bytes in (25u64 << 20)..(1 << 50),
    ) {
        let mut table: serde_json::Map<String, Value> = options.into_iter().collect();
        table.insert("type".into(), "x".into());
        table.insert("timeout".into(), format!("{timeout}ms").into());
        table.insert("max_bytes".into(), format!("{bytes}B").into());
        let configuration = Layers::new()
            .defaults(json!({ "storage": { "a": table } }))
            .load().unwrap().configuration().unwrap();
        let accept_all = |_: &InstanceConfig| Some(json!({ "additionalProperties": true }));
        let dump = to_toml(&configuration, &accept_all).unwrap();
        prop_assert_eq!(read(&dump).unwrap(), configuration);
    }
}
