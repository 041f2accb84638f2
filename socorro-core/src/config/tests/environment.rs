use std::ffi::OsString;

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn environment(pairs: &[(&str, &str)]) -> Layers {
    Layers::new().environment("SOCORRO", variables(pairs))
}

fn fail(layers: &Layers) -> Vec<String> {
    let errors = layers
        .load()
        .and_then(|document| document.configuration())
        .unwrap_err();
    errors.iter().map(plain).collect()
}

#[test]
fn double_underscores_part_the_key_and_case_does_not_matter() {
    let document = environment(&[
        ("SOCORRO__STORAGE__ARCHIVE__ACCESS_KEY_ID", "x"),
        ("socorro__Storage__archive__Type", "s3"),
        ("SOCORRO_STORAGE", "other"),
        ("SOCORROX__STORAGE", "other"),
        ("PATH", "/bin"),
    ])
    .load()
    .unwrap();
    assert_eq!(
        document.to_json(),
        json!({ "storage": { "archive": { "access_key_id": "x", "type": "s3" } } })
    );
    assert_eq!(
        document
            .origin("storage.archive.access_key_id")
            .map(ToString::to_string)
            .as_deref(),
        Some("environment variable SOCORRO__STORAGE__ARCHIVE__ACCESS_KEY_ID")
    );
}

#[test]
fn the_hosts_own_options_are_typed_by_what_they_are() {
    let configuration = environment(&[
        ("SOCORRO__LIMITS__DUMPS", "12"),
        ("SOCORRO__PLUGINS__PATH", "[\"/a\", \"/b\"]"),
        ("SOCORRO__STORAGE__A__TYPE", "x"),
        ("SOCORRO__STORAGE__A__RETRY__POLICY", "limited_backoff"),
        ("SOCORRO__STORAGE__A__RETRY__DELAYS", "[\"1s\"]"),
        ("SOCORRO__STORAGE__A__TIMEOUT", "250ms"),
    ])
    .load()
    .unwrap()
    .configuration()
    .unwrap();
    assert_eq!(configuration.limits.dumps, 12);
    assert_eq!(configuration.plugins.path.len(), 2);
    let host = &configuration.storages["a"].host;
    assert_eq!(host.timeout.as_millis(), 250);
    let delays = host.retry.table().delays.as_deref();
    assert_eq!(delays.map(<[_]>::len), Some(1));
}

#[test]
fn what_a_variable_cannot_say_is_an_error_with_its_name() {
    assert_eq!(
        fail(&environment(&[
            ("SOCORRO__LIMITS__DUMPS", "012"),
            ("SOCORRO__STORAGE__A", "{ type = \"x\" }"),
            ("SOCORRO__PLUGINS__PATH", "/a:/b"),
            ("SOCORRO__BOGUS", "1"),
        ])),
        [
            "environment variable SOCORRO__PLUGINS__PATH: plugins.path: expected a list, such as [\"/usr/lib/socorro\"], found \"/a:/b\"",
            "environment variable SOCORRO__LIMITS__DUMPS: limits.dumps: expected an integer from 1 to 65536, found \"012\"",
            "environment variable SOCORRO__STORAGE__A: storage.a: expected a table; set its keys one by one, with their names in the key",
            "environment variable SOCORRO__BOGUS: bogus: is no known key; known here: limits, pipeline, plugins, redaction, reload, resource, source, storage",
        ]
    );
}

#[test]
fn variables_that_say_the_same_key_collide() {
    assert_eq!(
        fail(&environment(&[
            ("SOCORRO__LIMITS__DUMPS", "1"),
            ("SOCORRO__Limits__DUMPS", "1"),
        ])),
        [
            "environment variable SOCORRO__Limits__DUMPS: limits.dumps: environment variable SOCORRO__LIMITS__DUMPS says the same key; unset one of them"
        ]
    );
    assert_eq!(
        fail(&environment(&[
            ("SOCORRO__A__B__C", "1"),
            ("SOCORRO__A__B__D", "1"),
            ("SOCORRO__A__B", "1"),
        ])),
        [
            "environment variable SOCORRO__A__B: a.b: environment variable SOCORRO__A__B__C says a key below it; unset one of them"
        ]
    );
}

#[test]
fn names_with_empty_parts_are_refused() {
    for name in ["SOCORRO__", "SOCORRO__A____B", "SOCORRO__A__"] {
        assert_eq!(
            fail(&environment(&[(name, "1")])),
            [format!(
                "environment variable {name}: a part of the key is empty: two separators follow each other, or one is at an end"
            )]
        );
    }
}

#[cfg(unix)]
#[test]
fn text_that_is_not_utf8_is_refused_and_not_shown() {
    use std::os::unix::ffi::OsStringExt;
    let bad = OsString::from_vec(b"hush\xff".to_vec());
    let name = OsString::from_vec(b"SOCORRO__A\xff".to_vec());
    let layers = Layers::new().environment(
        "SOCORRO",
        [
            (OsString::from("SOCORRO__A"), bad),
            (name, OsString::from("x")),
        ],
    );
    assert_eq!(
        fail(&layers),
        [
            "environment variable SOCORRO__A: the value is not UTF-8",
            "environment variable SOCORRO__A\u{fffd}: the name is not UTF-8",
        ]
    );
}

#[test]
fn flags_win_over_variables_and_the_last_flag_wins() {
    let document = environment(&[("SOCORRO__LIMITS__DUMPS", "1")])
        .set("limits.dumps=2")
        .set("limits.dumps=3")
        .load()
        .unwrap();
    assert_eq!(document.configuration().unwrap().limits.dumps, 3);
    let origin = document.origin("limits.dumps").unwrap();
    assert_eq!(origin.to_string(), "--set limits.dumps");
}

#[test]
fn flags_that_are_none_are_refused_without_showing_a_value() {
    for (flag, line) in [
        (
            "hush",
            "--set: expected KEY=VALUE, as in storage.archive.bucket=crashes",
        ),
        (
            "=hush",
            "--set: a part of the key is empty: two separators follow each other, or one is at an end",
        ),
        (
            "a..b=hush",
            "--set a..b: a part of the key is empty: two separators follow each other, or one is at an end",
        ),
    ] {
        assert_eq!(fail(&Layers::new().set(flag)), [line]);
    }
}

#[test]
fn the_order_is_the_programs() {
    let first = Layers::new()
        .set("limits.dumps=2")
        .defaults(json!({ "limits": { "dumps": 5 } }));
    assert_eq!(
        first.load().unwrap().configuration().unwrap().limits.dumps,
        5
    );
    assert_eq!(
        fail(
            &Layers::new()
                .defaults(7)
                .defaults(json!({ "limits": { "dumps": null } }))
        ),
        [
            "default: the program's defaults are no table",
            "default: limits.dumps: a null is no value here; leave it out",
        ]
    );
}

proptest! {
    #[test]
    fn any_string_comes_through_a_variable_unchanged(text in any::<String>()) {
        let layers = environment(&[("SOCORRO__STORAGE__A__TYPE", "x"), ("SOCORRO__STORAGE__A__V", &text)]);
        let configuration = layers.load().unwrap().configuration().unwrap();
        let schema = json!({ "type": "object", "properties": { "v": { "type": "string" } } });
        let resolved = configuration.storages["a"].options.resolve(&schema, &vault());
        if super::super::url::has_password(&text) {
            prop_assert!(resolved.is_err());
        } else {
            let resolved = resolved.unwrap();
            prop_assert_eq!(resolved.json(), &json!({ "v": text }));
        }
    }

    #[test]
    fn numbers_and_booleans_come_through_a_variable(integer in any::<i64>(), truth in any::<bool>(), float in -1e12..1e12) {
        let layers = environment(&[
            ("SOCORRO__STORAGE__A__TYPE", "x"),
            ("SOCORRO__STORAGE__A__I", &integer.to_string()),
            ("SOCORRO__STORAGE__A__B", &truth.to_string()),
            ("SOCORRO__STORAGE__A__F", &format!("{float:?}")),
        ]);
        let configuration = layers.load().unwrap().configuration().unwrap();
        let schema = json!({ "properties": {
            "i": { "type": "integer" }, "b": { "type": "boolean" }, "f": { "type": "number" },
        } });
        let resolved = configuration.storages["a"].options.resolve(&schema, &vault()).unwrap();
        prop_assert_eq!(resolved.json(), &json!({ "i": integer, "b": truth, "f": float }));
    }
}
