use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::options::{ByteSize, HumanDuration, Secret};

#[expect(dead_code, reason = "only its schema is of interest")]
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Everything {
    root: String,
    #[serde(default)]
    layout: Layout,
    spare: Option<Layout>,
    port: Option<u16>,
    ratio: Option<f64>,
    on: Option<bool>,
    urls: Option<Vec<String>>,
    wait: Option<HumanDuration>,
    size: Option<ByteSize>,
    password: Option<Secret>,
    tls: Option<Tls>,
    labels: Option<std::collections::BTreeMap<String, i64>>,
    mode: Option<Mode>,
    either: Option<Either>,
    free: Option<Value>,
}

/// Documented variants make `oneOf` of constants.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Layout {
    /// One.
    #[default]
    Radix,
    /// Two.
    DatedRadix,
}

#[expect(dead_code, reason = "only its schema is of interest")]
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Tls {
    ca: String,
    key: Option<Secret>,
}

#[expect(dead_code, reason = "only its schema is of interest")]
#[derive(Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Mode {
    Fast { threads: u32 },
    Slow { wait: HumanDuration },
}

#[expect(dead_code, reason = "only its schema is of interest")]
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Either {
    Number(i64),
    Text(String),
}

fn schema() -> Value {
    schemars::schema_for!(Everything).to_value()
}

fn a(options: &str) -> Result<Value, Vec<String>> {
    resolve(&format!("[storage.a]\ntype = \"x\"\n{options}"), &schema())
}

fn check(options: &str, lines: &[&str]) {
    assert_eq!(a(options).unwrap_err(), lines, "for:\n{options}");
}

#[test]
fn what_derive_makes_is_understood() {
    let options = r#"
        root = "/r"
        layout = "dated_radix"
        spare = "radix"
        port = 80
        ratio = 0.5
        on = true
        urls = ["a", "b"]
        wait = "1min"
        size = "2KiB"
        password = { env = "KEY" }
        tls = { ca = "/ca", key = { env = "OTHER" } }
        labels = { x = 1 }
        mode = { kind = "slow", wait = "1s" }
        either = "text"
        free = { any = [1, "thing"] }
    "#;
    assert_eq!(
        a(options).unwrap(),
        json!({
            "root": "/r", "layout": "dated_radix", "spare": "radix", "port": 80, "ratio": 0.5, "on": true,
            "urls": ["a", "b"], "wait": "1min", "size": "2KiB", "password": "hush-hush",
            "tls": { "ca": "/ca", "key": "quiet" }, "labels": { "x": 1 },
            "mode": { "kind": "slow", "wait": "1s" }, "either": "text", "free": { "any": [1, "thing"] },
        })
    );
    // Defaults are the plugin's own affair.
    assert_eq!(a("root = \"/r\"").unwrap(), json!({ "root": "/r" }));
}

#[test]
fn wrong_values_are_told_with_what_was_expected() {
    check(
        "layout = \"flat\"\nspare = 5\nport = \"80\"\nratio = \"x\"\non = 1\nurls = \"a\"",
        &[
            "storage.a.root: is missing; the plugin requires it",
            "storage.a.layout: expected one of \"radix\", \"dated_radix\", found \"flat\"",
            "storage.a.on: expected true or false, found 1",
            "storage.a.port: expected an integer, found \"80\"",
            "storage.a.ratio: expected a number, found \"x\"",
            "storage.a.spare: expected one of \"radix\", \"dated_radix\", found 5",
            "storage.a.urls: expected a list, found \"a\"",
        ],
    );
    check(
        "root = \"\"\nport = -1\nurls = [\"a\", 5]\nwait = \"5\"\nsize = 10\nlabels = { x = 1, y = \"2\" }",
        &[
            "storage.a.labels.y: expected an integer, found \"2\"",
            "storage.a.port: expected at least 0, found -1",
            "storage.a.size: expected a size: a number with a unit of B, KiB, MiB, GiB, TiB, such as \"20MiB\", found 10",
            "storage.a.urls[1]: expected a string, found 5",
            "storage.a.wait: expected a duration: numbers with units of ms, s, min, h, d, such as \"30s\", found \"5\"",
        ],
    );
    check(
        "root = \"/\"\nmode = { kind = \"slow\" }\ntls = {}\neither = true\nrooot = \"/x\"",
        &[
            "storage.a.either: expected an integer, found true",
            "storage.a.mode.wait: is missing; the plugin requires it",
            "storage.a.tls.ca: is missing; the plugin requires it",
            "storage.a.rooot: is no known option; known here: either, free, labels, layout, mode, on, password, port, ratio, root, size, spare, tls, urls, wait",
        ],
    );
    check(
        "root = \"/\"\nmode = { kind = \"fast\", threads = 1, wait = \"1s\" }\ntls = { ca = \"/\", verify = true }",
        &[
            "storage.a.mode.wait: is no known option; known here: kind, threads",
            "storage.a.tls.verify: is no known option; known here: ca, key",
        ],
    );
}

#[test]
fn text_is_typed_by_the_schema() {
    let layers = [
        ("root", "0123"),
        ("layout", "dated_radix"),
        ("spare", "radix"),
        ("port", "80"),
        ("ratio", "2"),
        ("on", "false"),
        ("urls", "[\"a\", \"b\"]"),
        ("wait", "5s"),
        ("password", "{ env = \"KEY\" }"),
        ("tls.ca", "true"),
        ("labels.x", "7"),
        ("mode.kind", "fast"),
        ("mode.threads", "4"),
        ("either", "12"),
        ("free", "12"),
    ]
    .iter()
    .fold(
        Layers::new().set("storage.a.type=x"),
        |layers, (key, value)| layers.set(format!("storage.a.{key}={value}")),
    );
    let configuration = layers.load().unwrap().configuration().unwrap();
    let resolved = configuration.storages["a"]
        .options
        .resolve(&schema(), &vault())
        .unwrap();
    assert_eq!(
        resolved.json(),
        &json!({
            "root": "0123", "layout": "dated_radix", "spare": "radix", "port": 80, "ratio": 2, "on": false,
            "urls": ["a", "b"], "wait": "5s", "password": "hush-hush", "tls": { "ca": "true" },
            "labels": { "x": 7 }, "mode": { "kind": "fast", "threads": 4 }, "either": 12, "free": "12",
        })
    );
}

#[test]
fn text_that_is_not_of_the_type_is_refused() {
    for (key, value, why) in [
        ("port", "0123", "expected an integer, found \"0123\""),
        ("port", " 80", "expected an integer, found \" 80\""),
        ("ratio", "inf", "expected a number, found \"inf\""),
        ("on", "yes", "expected true or false, found \"yes\""),
        ("on", "True", "expected true or false, found \"True\""),
        ("urls", "a,b", "expected a list, found \"a,b\""),
        ("urls", "[1]", "expected a string, found 1"),
        (
            "layout",
            "flat",
            "expected one of \"radix\", \"dated_radix\", found \"flat\"",
        ),
    ] {
        let layers = Layers::new()
            .set("storage.a.type=x")
            .set("storage.a.root=/")
            .set(format!("storage.a.{key}={value}"));
        let configuration = layers.load().unwrap().configuration().unwrap();
        let errors = configuration.storages["a"]
            .options
            .resolve(&schema(), &vault())
            .unwrap_err();
        let [error] = errors.0.as_slice() else {
            panic!("{errors}")
        };
        assert_eq!(error.origin.to_string(), format!("--set storage.a.{key}"));
        assert_eq!(error.message, why);
    }
}

#[test]
fn bounds_and_repetitions() {
    let schema = json!({ "type": "object", "additionalProperties": false, "properties": {
        "n": { "type": "integer", "minimum": 2, "exclusiveMaximum": 5 },
        "f": { "type": "number", "exclusiveMinimum": 0, "maximum": 1 },
        "s": { "type": "string", "minLength": 2, "maxLength": 3 },
        "l": { "type": "array", "minItems": 1, "maxItems": 2, "uniqueItems": true },
        "m": { "type": "object", "maxProperties": 1, "additionalProperties": true },
        "c": { "const": "only" },
        "all": { "allOf": [{ "type": "integer" }, { "minimum": 3 }] },
    } });
    let run = |options: &str| resolve(&format!("[storage.a]\ntype = \"x\"\n{options}"), &schema);
    assert!(
        run("n = 4\nf = 1\ns = \"äöü\"\nl = [1, 2]\nm = { a = 1 }\nc = \"only\"\nall = 3").is_ok()
    );
    assert_eq!(
        run("n = 5\nf = 0.0\ns = \"a\"\nl = []\nm = { a = 1, b = 2 }\nc = \"x\"\nall = 2")
            .unwrap_err(),
        [
            "storage.a.all: expected at least 3, found 2",
            "storage.a.c: expected \"only\", found \"x\"",
            "storage.a.f: expected more than 0, found 0.0",
            "storage.a.l: expected at least 1 item, found 0",
            "storage.a.m: expected at most 1 key, found 2",
            "storage.a.n: expected less than 5, found 5",
            "storage.a.s: expected at least 2 characters, found 1",
        ]
    );
    assert_eq!(
        run("n = 1\ns = \"abcd\"\nl = [1, 1]").unwrap_err(),
        [
            "storage.a.l: names 1 twice",
            "storage.a.n: expected at least 2, found 1",
            "storage.a.s: expected at most 3 characters, found 4",
        ]
    );
}

#[test]
fn unknown_keys_are_refused_even_when_the_author_forgot_to_say_so() {
    let known = json!({ "type": "object", "properties": { "root": { "type": "string" } } });
    let line = "storage.a.rot: is no known option; known here: root";
    let text = "[storage.a]\ntype = \"x\"\nrot = \"/\"";
    assert_eq!(resolve(text, &known).unwrap_err(), [line]);
    let none = json!({ "type": "object" });
    let line = "storage.a.rot: is no known option; there are none here";
    assert_eq!(resolve(text, &none).unwrap_err(), [line]);
}

#[test]
fn a_schema_outside_of_the_subset_is_the_plugins_error() {
    for (schema, why) in [
        (
            json!({ "pattern": "^a" }),
            "/pattern is no keyword this host knows",
        ),
        (
            json!({ "properties": { "a": { "if": {} } } }),
            "/properties properties/a/if is no keyword this host knows",
        ),
        (
            json!({ "$ref": "https://example.com/x" }),
            "/$ref is not of the form #/$defs/NAME",
        ),
        (json!({ "$ref": "#/$defs/x" }), "there is no #/$defs/x"),
        (json!({ "type": "strange" }), "/type \"strange\" is no type"),
        (json!(5), "\"\" is neither an object nor a boolean"),
    ] {
        let error = Schema::parse(&schema).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Plugin);
        assert_eq!(
            error.message(),
            format!("the plugin's option schema is unusable: {why}")
        );
    }
    let mut deep = json!({});
    for _ in 0..40 {
        deep = json!({ "items": deep });
    }
    assert!(
        Schema::parse(&deep)
            .unwrap_err()
            .message()
            .contains("more than 32")
    );
    let wide: Value = (0..5000).map(|n| (n.to_string(), json!({}))).collect();
    assert!(Schema::parse(&json!({ "properties": wide })).is_err());
}

#[test]
fn a_schema_that_goes_in_a_circle_ends() {
    for circle in [
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/a" } } }),
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "allOf": [{ "$ref": "#/$defs/a" }, { "$ref": "#/$defs/a" }] } } }),
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "anyOf": [{ "$ref": "#/$defs/a" }, { "$ref": "#/$defs/a" }] } } }),
    ] {
        assert_eq!(
            resolve("[storage.a]\ntype = \"x\"", &circle).unwrap_err(),
            ["storage.a: the plugin's option schema refers to itself in a circle"]
        );
    }
    let tree = json!({ "$ref": "#/$defs/node", "$defs": { "node": {
        "type": "object", "additionalProperties": false,
        "properties": { "next": { "$ref": "#/$defs/node" }, "v": { "type": "integer" } },
    } } });
    assert!(resolve("[storage.a]\ntype = \"x\"\nnext.next.next.v = 1", &tree).is_ok());
    assert_eq!(
        resolve("[storage.a]\ntype = \"x\"\nnext.next.next.w = 1", &tree).unwrap_err(),
        ["storage.a.next.next.next.w: is no known option; known here: next, v"]
    );
}

#[test]
fn a_value_that_fits_two_forms_is_refused() {
    let schema =
        json!({ "properties": { "n": { "oneOf": [{ "type": "integer" }, { "minimum": 0 }] } } });
    assert_eq!(
        resolve("[storage.a]\ntype = \"x\"\nn = 1", &schema).unwrap_err(),
        [
            "storage.a.n: fits more than one of the forms that the plugin knows, and its schema does not tell which is meant; ask the plugin's author"
        ]
    );
}
