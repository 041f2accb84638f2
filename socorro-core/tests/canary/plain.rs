//! Secrets where nobody should have written them: in plain text, inside URLs, in files that are no files.

use std::path::PathBuf;

use serde_json::json;
use socorro_core::config::Layers;
use socorro_testkit::canary;
use tempfile::TempDir;

use crate::heard::{assert_silent, listen};
use crate::told::{Names, told};

/// Where an option of the plugin is, how TOML says a secret there, and whether its name tells what it is.
const OPTIONS: [(&str, &str, Names); 8] = [
    ("password", "{}", Names::Tell),
    ("dsn", "{}", Names::DoNotTell),
    ("login", "{ user = \"me\", phrase = {} }", Names::DoNotTell),
    ("chain", "[{}]", Names::DoNotTell),
    ("doors", "{ front = {} }", Names::DoNotTell),
    (
        "gate",
        "{ kind = \"locked\", phrase = {} }",
        Names::DoNotTell,
    ),
    ("gate", "{}", Names::DoNotTell),
    ("pin", "{}", Names::DoNotTell),
];

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        listen();
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn toml(&self, text: &str) -> Layers {
        Layers::new().file(self.write("a.toml", text))
    }
}

fn storage(options: &str) -> String {
    format!("[storage.a]\ntype = \"guarded\"\n{options}\n")
}

/// Every way to write `value` at `option` of the storage.
fn ways(place: &Place, option: &str, value: &str) -> Vec<Layers> {
    let empty = || place.toml(&storage(""));
    let variable = (
        format!("SOCORRO__STORAGE__A__{option}").into(),
        value.to_owned().into(),
    );
    let line = storage(&format!("{option} = {value}"));
    let table: toml::Value = toml::from_str(&line).unwrap();
    vec![
        place.toml(&line),
        Layers::new().file(place.write("a.json", &serde_json::to_string(&table).unwrap())),
        Layers::new().defaults(table),
        empty().environment("SOCORRO", [variable]),
        empty().set(format!("storage.a.{option}={value}")),
    ]
}

#[test]
fn plain_text_of_a_secret_is_not_said() {
    let place = Place::new();
    for (option, form, names) in OPTIONS {
        let secret = canary::secret(24).unwrap();
        for value in [format!("{secret:?}"), format!("[{secret:?}]")] {
            let value = form.replace("{}", &value);
            for layers in ways(&place, option, &value) {
                assert_silent(&told(&layers, names));
                // Another layer has plain text as well, or a reference.
                let over = layers.clone().set(format!("storage.a.{option}=5"));
                assert_silent(&told(&over, names));
                let reference = format!("storage.a.{option}={{ env = \"NOWHERE\" }}");
                assert_silent(&told(&layers.set(reference), names));
            }
        }
    }
}

#[test]
fn broken_references_do_not_say_what_is_in_them() {
    let place = Place::new();
    let secret = canary::secret(24).unwrap();
    for reference in [
        format!("{{ vault = {secret:?} }}"),
        format!("{{ env = [{secret:?}] }}"),
        format!("{{ file = \"/x\", env = \"X\", plain = {secret:?} }}"),
    ] {
        for layers in ways(&place, "password", &reference) {
            assert_silent(&told(&layers, Names::Tell));
        }
    }
}

#[test]
fn files_that_cannot_be_read_do_not_say_what_is_in_them() {
    let place = Place::new();
    let secret = canary::secret(24).unwrap();
    for text in [
        storage(&format!("password = \"{secret}")),
        storage(&format!("password = {secret}")),
        storage(&format!("password = \"\"\"{secret}\npassword = 5")),
        storage(&format!("password = \"{secret}\" \"{secret}\"")),
        storage(&format!("password = \"{secret}\"\npassword = \"{secret}\"")),
        storage(&format!("login = {{ phrase = \"{secret}\", ")),
        storage(&format!("password \"{secret}\"")),
        storage(&format!("password = \"{secret}\\q\"")),
        storage("password = 2026-01-01"),
    ] {
        let layers = place.toml(&text);
        assert_silent(&told(&layers, Names::Tell));
        let json = text.replace('=', ":").replace('[', "{ ");
        let layers = Layers::new().file(place.write("a.json", &json));
        assert_silent(&told(&layers, Names::Tell));
    }
    let not_utf8 = place.write("b.toml", "");
    std::fs::write(&not_utf8, [secret.as_bytes(), &[0xff]].concat()).unwrap();
    assert_silent(&told(&Layers::new().file(not_utf8), Names::Tell));
    let large = place.toml(&secret).file_size_limit(4);
    assert_silent(&told(&large, Names::Tell));
}

#[test]
fn passwords_in_urls_are_not_said() {
    let place = Place::new();
    let secret = canary::secret(24).unwrap();
    for url in [
        format!("amqp://me:{secret}@host"),
        format!("amqp://me:{secret}@"),
        format!("amqp://me%3a{secret}@host"),
        format!("amqp://me:{secret}%40host"),
        format!("amqp://me:/{secret}@host/x"),
        format!("postgres://host/db?password={secret}&x=1"),
        format!("host=h password={secret} user=me"),
        format!("first http://ok, then http://a:{secret}@b"),
    ] {
        for (option, value) in [
            ("url", format!("{url:?}")),
            ("url", format!("[{url:?}]")),
            ("urls", format!("[\"http://ok\", {url:?}]")),
            ("urls", format!("{url:?}")),
            ("act", format!("{url:?}")),
            ("nowhere", format!("{{ deep = [{{ er = {url:?} }}] }}")),
            ("start", format!("{url:?}")),
            ("timeout", format!("{url:?}")),
            ("max_bytes", format!("{url:?}")),
            ("library", format!("{url:?}")),
            ("use", format!("{url:?}")),
            ("use", format!("[{url:?}]")),
            (
                "retry",
                format!("{{ policy = {url:?}, delays = [{url:?}] }}"),
            ),
        ] {
            for layers in ways(&place, option, &value) {
                assert_silent(&told(&layers, Names::Tell));
            }
        }
        for (key, value) in [
            ("plugins.path", format!("[{url:?}]")),
            ("plugins.stage", url.clone()),
            ("plugins.sha256.x", url.clone()),
            ("limits.crash_size", url.clone()),
            ("redaction.forbidden_keys", format!("[{url:?}]")),
            ("reload.timeout", url.clone()),
            ("pipeline.p.source", url.clone()),
            ("pipeline.p.to", format!("[{url:?}]")),
            ("resource.r.url", url.clone()),
            ("nowhere", url.clone()),
            ("storage.a.type", url.clone()),
        ] {
            let layers = place.toml(&storage("")).set(format!("{key}={value}"));
            assert_silent(&told(&layers, Names::Tell));
        }
        let include = place.toml(&format!("include = [{url:?}, 5]"));
        assert_silent(&told(&include, Names::Tell));
        let defaults = Layers::new().defaults(json!({ "limits": [url] }));
        assert_silent(&told(&defaults, Names::Tell));
    }
}

#[test]
fn flags_that_are_none_do_not_say_themselves() {
    let secret = canary::secret(24).unwrap();
    listen();
    for flag in [
        secret.clone(),
        format!("storage.a.password:{secret}"),
        format!("storage.a.password={}", secret.repeat(4000)),
    ] {
        assert_silent(&told(&Layers::new().set(flag), Names::Tell));
    }
}
