mod bad;
mod dump;
mod dump_all;
mod environment;
mod explain;
mod explained;
mod files;
mod merging;
mod mutations;
mod random;
mod resolve;
mod schemas;
mod secrets;
mod takeover;
mod urls;
mod values;

use std::collections::BTreeMap;

use serde_json::Value;
use zeroize::Zeroizing;

use super::*;

/// A directory with files, whose name is taken out of messages.
struct Files(tempfile::TempDir);

impl Files {
    fn new(files: &[(&str, &str)]) -> Self {
        let files_in = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            files_in.write(name, text);
        }
        files_in
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn layers(&self, name: &str) -> Layers {
        Layers::new().file(self.path(name))
    }

    fn lines(&self, errors: &ConfigErrors) -> Vec<String> {
        let directory = format!("{}/", self.0.path().display());
        errors
            .iter()
            .map(|error| plain(error).replace(&directory, ""))
            .collect()
    }
}

/// An error without its place in a file, what was meant and what was overridden: those have tests of their own.
fn plain(error: &ConfigError) -> String {
    let origin = match error.origin.file() {
        Some(file) => file.path().display().to_string(),
        None => error.origin.to_string(),
    };
    [&origin, &error.key, &error.message]
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(": ")
}

/// What `text` is as the file `a.toml`.
fn read(text: &str) -> Result<Configuration, Vec<String>> {
    let files = Files::new(&[("a.toml", text)]);
    files
        .layers("a.toml")
        .load()
        .and_then(|document| document.configuration())
        .map_err(|errors| files.lines(&errors))
}

fn document(text: &str) -> Document {
    Files::new(&[("a.toml", text)])
        .layers("a.toml")
        .load()
        .unwrap()
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(std::ffi::OsString, std::ffi::OsString)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect()
}

/// Secrets that are whatever the variable `NAME` is said to be here.
struct Vault(BTreeMap<&'static str, &'static str>);

impl SecretSource for Vault {
    fn read(&self, reference: &SecretRef) -> Result<Zeroizing<String>, Wrong> {
        match reference {
            SecretRef::Env(name) => self
                .0
                .get(name.as_str())
                .map(|secret| Zeroizing::new((*secret).to_owned()))
                .ok_or_else(|| {
                    let why = format!("the environment variable {name} is not set");
                    Wrong::new(Class::SecretVariable, why)
                }),
            other => Err(Wrong::new(
                Class::SecretUnavailable,
                format!("{other} is not here"),
            )),
        }
    }
}

fn vault() -> Vault {
    Vault(BTreeMap::from([("KEY", "hush-hush"), ("OTHER", "quiet")]))
}

/// The resolved options of storage `a`, which is all that `text` must have.
fn resolve(text: &str, schema: &Value) -> Result<Value, Vec<String>> {
    let configuration = read(text)?;
    let files = Files::new(&[]);
    match configuration.storages["a"]
        .options
        .resolve(schema, &vault())
    {
        Ok(resolved) => Ok(resolved.json().clone()),
        Err(errors) => Err(files
            .lines(&errors)
            .into_iter()
            .map(|line| line.split_once("a.toml: ").unwrap().1.to_owned())
            .collect()),
    }
}

/// The warnings that `run` gives, each with its fields.
fn warned(run: impl FnOnce()) -> Vec<String> {
    let warnings = Warnings::default();
    tracing::subscriber::with_default(warnings.clone(), run);
    let warned = warnings.0.lock().unwrap();
    warned.clone()
}

#[derive(Clone, Default)]
struct Warnings(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::WARN
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Fields(String);
        impl tracing::field::Visit for Fields {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0 += &format!("{field}={value:?} ");
            }
        }
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}
