//! Makes what a case describes, and finds out what is said about it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use socorro_core::config::{
    Class, ConfigError, ConfigErrors, Layers, SecretRef, SecretSource, SystemSecrets, Wrong,
};
use socorro_core::live::{Builder, Reason, Socorro};
use socorro_core::pipeline::Pipelines;
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::case::{Case, Section};
use crate::plain;

/// What came of a case.
pub(crate) struct Found {
    pub(crate) errors: Vec<ConfigError>,
    pub(crate) sections: Vec<(&'static str, String)>,
}

pub(crate) async fn run(case: &Case) -> Found {
    let here = tempfile::tempdir().unwrap();
    for section in &case.sections {
        make(section, here.path());
    }
    let layers = layers(case, here.path());
    let errors = if let Some(handle) = case.all("handle").next() {
        reloaded(case, layers, &here, &handle.rest).await
    } else if case.has("live") {
        let builder = builder(layers).pipelines(Pipelines::Forever);
        builder.check(false).await.err().unwrap_or_default()
    } else {
        checked(case, layers, here.path())
    };
    let says = lines(&here, errors.iter().map(ToString::to_string));
    let shows = lines(&here, errors.iter().filter_map(shown));
    let json = format!("{:#}\n", serde_json::to_value(&errors).unwrap());
    let json = json.replace(here.path().to_str().unwrap(), "{here}");
    Found {
        errors: errors.into_iter().collect(),
        sections: vec![("says", says), ("shows", shows), ("json", json)],
    }
}

fn lines(here: &TempDir, lines: impl Iterator<Item = String>) -> String {
    lines
        .map(|line| line + "\n")
        .collect::<String>()
        .replace(here.path().to_str().unwrap(), "{here}")
}

/// The source line, and what is marked in it below.
fn shown(error: &ConfigError) -> Option<String> {
    let snippet = error.snippet()?;
    let number = snippet.line.to_string();
    let gap = " ".repeat(number.len());
    let before = " ".repeat(snippet.marked.start);
    let marks = "^".repeat(snippet.marked.len());
    Some(format!(
        "{number} | {}\n{gap} | {before}{marks}",
        snippet.text
    ))
}

fn make(section: &Section, here: &Path) {
    let text = section.text.replace("{here}", here.to_str().unwrap());
    let words: Vec<&str> = section.rest.split(' ').collect();
    match (section.word.as_str(), words.as_slice()) {
        ("file", [name, mode @ ..]) => {
            write(&here.join(name), text.as_bytes());
            let mode = mode.first().unwrap_or(&"0600");
            let mode = u32::from_str_radix(mode, 8).unwrap();
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(here.join(name), permissions).unwrap();
        }
        ("files", [count, name]) => {
            for n in 0..count.parse().unwrap() {
                let number = |text: &str| {
                    text.replace("{n}", &format!("{n:03}"))
                        .replace("{next}", &format!("{:03}", n + 1))
                };
                write(&here.join(number(name)), number(&text).as_bytes());
            }
        }
        ("lines", [count, name]) => {
            let count: usize = count.parse().unwrap();
            let number = |n: usize| text.replace("{n}", &format!("{n:04}"));
            let lines: String = (0..count).map(number).collect();
            write(&here.join(name), lines.as_bytes());
        }
        ("bytes", [name]) => {
            let byte = |byte: &str| u8::from_str_radix(byte, 16).unwrap();
            let bytes: Vec<u8> = text.split_whitespace().map(byte).collect();
            write(&here.join(name), &bytes);
        }
        ("link", [name, target]) => {
            std::os::unix::fs::symlink(target, here.join(name)).unwrap();
        }
        _ => {}
    }
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn layers(case: &Case, here: &Path) -> Layers {
    let mut layers = Layers::new();
    for section in case.all("defaults") {
        let defaults: serde_json::Value = serde_json::from_str(&section.text).unwrap();
        layers = layers.defaults(defaults);
    }
    for section in case.all("config") {
        layers = layers.file(here.join(&section.rest));
    }
    if !case.has("config") {
        let usual = ["a.toml", "a.json"].map(|name| here.join(name));
        for path in usual.iter().filter(|path| path.exists()) {
            layers = layers.file(path);
        }
    }
    let variables = case.all("variable").map(|section| {
        let (name, value) = section.rest.split_once('=').unwrap();
        (unescaped(name), unescaped(value))
    });
    layers = layers.environment("SOCORRO", variables);
    for section in case.all("set") {
        layers = layers.set(&section.rest);
    }
    for section in case.all("set-long") {
        let (count, key) = section.rest.split_once(' ').unwrap();
        layers = layers.set(format!("{key}={}", "x".repeat(count.parse().unwrap())));
    }
    for section in case.all("size-limit") {
        layers = layers.file_size_limit(section.rest.parse().unwrap());
    }
    layers
}

fn unescaped(text: &str) -> OsString {
    let mut parts = text.split("\\x");
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        let (byte, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(byte, 16).unwrap());
        bytes.extend(rest.as_bytes());
    }
    OsString::from_vec(bytes)
}

/// Has no secret at all.
struct EmptyVault;

impl SecretSource for EmptyVault {
    fn read(&self, _: &SecretRef) -> Result<Zeroizing<String>, Wrong> {
        let why = "the vault is sealed; unseal it";
        Err(Wrong::new(Class::SecretUnavailable, why))
    }
}

/// Without plugins: the configuration, and the options against the schema of the case.
fn checked(case: &Case, layers: Layers, here: &Path) -> ConfigErrors {
    let configuration = match layers.load().and_then(|document| document.configuration()) {
        Ok(configuration) => configuration,
        Err(errors) => return errors,
    };
    let system = match case.all("credentials").next() {
        Some(section) => SystemSecrets::with_credentials(here.join(&section.rest)),
        None => SystemSecrets::default(),
    };
    let secrets: &dyn SecretSource = if case.has("vault") {
        &EmptyVault
    } else {
        &system
    };
    let Some(schema) = case.all("schema").next() else {
        return ConfigErrors::default();
    };
    let schema = serde_json::from_str(&schema.text).unwrap();
    let mut errors = ConfigErrors::default();
    for storage in configuration.storages.values() {
        if let Err(wrong) = storage.options.resolve(&schema, secrets) {
            errors.extend(wrong);
        }
    }
    errors
}

fn builder(layers: Layers) -> Builder {
    Socorro::builder(layers).plugin("plain", plain::PLUGIN)
}

/// What the second reading says.
async fn reloaded(case: &Case, layers: Layers, here: &TempDir, handle: &str) -> ConfigErrors {
    let socorro = builder(layers).start().await.unwrap();
    let held = (!handle.is_empty()).then(|| socorro.storage(handle).unwrap());
    for section in case.all("later") {
        write(&here.path().join(&section.rest), section.text.as_bytes());
    }
    for section in case.all("gone") {
        std::fs::remove_file(here.path().join(&section.rest)).unwrap();
    }
    let report = socorro.reload().await;
    drop(held);
    socorro.shutdown().await;
    let errors = report.errors.into_iter().map(|reason| match reason {
        Reason::Config(error) => error,
        other => panic!("{other}"),
    });
    ConfigErrors(errors.collect())
}
