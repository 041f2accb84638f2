//! What fuzzing drives: each function takes any bytes and must neither panic nor say a secret.
//!
//! The same functions are the targets of `cargo fuzz` (`socorro-core/fuzz`) and are driven by the mutations in
//! the tests, so that what one finds can be repeated by the other.

use std::ffi::OsString;

use serde_json::json;
use zeroize::Zeroizing;

use super::class::Class;
use super::error::{ConfigErrors, Wrong};
use super::merge::{self, Layer, Part};
use super::origin::SourceFile;
use super::{Document, SecretRef, SecretSource, environment, parse, set, to_toml};

/// A word that stands for a secret in what is mutated. It may be shown only where a message shows a value.
pub const CANARY: &str = "hush";

/// One TOML file.
pub fn toml(data: &[u8]) {
    let mut errors = ConfigErrors::default();
    file("a.toml", &String::from_utf8_lossy(data), &mut errors);
    look(&errors);
}

/// One JSON file.
pub fn json(data: &[u8]) {
    let mut errors = ConfigErrors::default();
    file("a.json", &String::from_utf8_lossy(data), &mut errors);
    look(&errors);
}

/// Variables, a line each: `NAME=VALUE`.
pub fn variables(data: &[u8]) {
    let mut errors = ConfigErrors::default();
    variable_layer(data, &mut errors);
    look(&errors);
}

/// Flags, a line each: `KEY=VALUE`.
pub fn flags(data: &[u8]) {
    let mut errors = ConfigErrors::default();
    flag_layer(data, &mut errors);
    look(&errors);
}

/// Several layers, which lines of `== toml`, `== json`, `== variables` and `== flags` begin; merged, checked,
/// resolved and dumped.
pub fn layers(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut errors = ConfigErrors::default();
    let layers = text
        .split("== ")
        .map(|section| {
            let (word, text) = section.split_once('\n').unwrap_or((section, ""));
            match word {
                "json" => file("a.json", text, &mut errors),
                "variables" => variable_layer(text.as_bytes(), &mut errors),
                "flags" => flag_layer(text.as_bytes(), &mut errors),
                _ => file("a.toml", text, &mut errors),
            }
        })
        .collect();
    finish(layers, &errors);
}

fn file(name: &str, text: &str, errors: &mut ConfigErrors) -> Layer {
    let file = SourceFile::new(name, text.to_owned());
    let table = if name.ends_with(".json") {
        parse::json(&file, errors)
    } else {
        parse::toml(&file, errors)
    };
    vec![Part { table }]
}

#[cfg(unix)]
fn os(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
fn os(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

fn variable_layer(data: &[u8], errors: &mut ConfigErrors) -> Layer {
    let pairs = data.split(|byte| *byte == b'\n').filter_map(|line| {
        let at = line.iter().position(|byte| *byte == b'=')?;
        let (name, value) = line.split_at(at);
        Some((os(name), os(value.get(1..)?)))
    });
    let ours: Vec<_> = pairs
        .filter(|(name, _)| environment::is_ours("SOCORRO", name))
        .collect();
    environment::layer("SOCORRO", &ours, errors)
}

fn flag_layer(data: &[u8], errors: &mut ConfigErrors) -> Layer {
    let text = String::from_utf8_lossy(data);
    let flags: Vec<String> = text.lines().map(str::to_owned).collect();
    set::layer(&flags, errors)
}

/// Everything that is done with layers once they are read, and everything that is said.
fn finish(layers: Vec<Layer>, errors: &ConfigErrors) {
    look(errors);
    if !errors.0.is_empty() {
        return;
    }
    let Ok(root) = merge::merge(&layers) else {
        return;
    };
    let document = Document::new(root, layers);
    for key in document.keys().iter().take(8) {
        let _ = document.explain(key).map(|story| story.to_string());
    }
    let configuration = match document.configuration() {
        Ok(configuration) => configuration,
        Err(errors) => return look(&errors),
    };
    let schema = schema();
    for storage in configuration.storages.values() {
        if let Err(errors) = storage.options.resolve(&schema, &Nothing) {
            look(&errors);
        }
    }
    let _ = to_toml(&configuration, &|_| Some(schema.clone()));
}

/// Says errors in every way there is.
///
/// # Panics
///
/// When a line shows a secret that the message does not.
fn look(errors: &ConfigErrors) {
    for error in errors.iter() {
        let said = error.to_string();
        let shown = error.snippet();
        let machine = serde_json::to_string(error).unwrap_or_default();
        assert!(!machine.is_empty());
        if let Some(shown) = shown {
            assert!(shown.marked.start < shown.marked.end && shown.line > 0);
            // What begins a line of a broken file, and is followed by the sign, is taken for a key.
            let values = match error.class {
                Class::TomlSyntax | Class::DuplicateKey => {
                    shown.text.split_once('=').map_or("", |(_, values)| values)
                }
                _ => &shown.text,
            };
            assert!(
                !values.contains(CANARY) || said.contains(CANARY),
                "{error} shows {shown:?}"
            );
        }
    }
}

fn schema() -> serde_json::Value {
    json!({
        "properties": {
            "bucket": { "type": "string", "minLength": 1 },
            "root": { "type": "string" },
            "url": { "type": "string" },
            "port": { "type": "integer", "minimum": 1 },
            "wait": { "type": "string", "x-unit": "duration" },
            "urls": { "type": "array", "items": { "type": "string" }, "uniqueItems": true },
            "password": { "type": "string", "x-secret": true },
            "layout": { "enum": ["radix", "dated_radix"] },
            "tls": { "type": "object", "properties": { "verify": { "type": "boolean" } } },
        },
    })
}

/// Has the secret of every reference.
struct Nothing;

impl SecretSource for Nothing {
    fn read(&self, _: &SecretRef) -> Result<Zeroizing<String>, Wrong> {
        Ok(Zeroizing::new(CANARY.to_owned()))
    }
}
