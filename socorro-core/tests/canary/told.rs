//! All that layers can be made to say of themselves, without and with the schema of the plugin.

use std::fmt::{Debug, Display};

use serde_json::Value;
use socorro_core::Error;
use socorro_core::config::{
    ConfigErrors, Configuration, Document, InstanceConfig, Layers, SystemSecrets, to_json, to_toml,
};
use socorro_core::plugin::{Kind, Plugin};

/// In which ways something can be shown.
pub fn shown(said: &mut String, what: &(impl Debug + Display)) {
    *said += &format!("{what}\n{what:?}\n{what:#?}\n");
}

pub fn schema() -> Value {
    let plugin = Plugin::from_static(crate::guarded::PLUGIN).unwrap();
    plugin.options_schema(Kind::Storage).unwrap().clone()
}

/// Whether names alone have to tell what is a secret.
#[derive(Clone, Copy, PartialEq)]
pub enum Names {
    Tell,
    DoNotTell,
}

/// Everything that `layers` can be made to say.
pub fn told(layers: &Layers, names: Names) -> String {
    let mut said = format!("{layers:?}\n{layers:#?}\n");
    match layers.load() {
        Err(wrong) => errors(&mut said, wrong),
        Ok(document) => {
            of_document(&mut said, &document, names);
            match document.configuration() {
                Err(wrong) => errors(&mut said, wrong),
                Ok(configuration) => of_configuration(&mut said, &configuration, names),
            }
        }
    }
    said
}

fn errors(said: &mut String, wrong: ConfigErrors) {
    shown(said, &wrong);
    for error in &wrong.0 {
        shown(said, error);
        shown(said, &error.origin);
        *said += &format!("{:?} {:?}\n", error.overrode, error.help);
        *said += &format!("{:?} {:?}\n", error.snippet(), serde_json::to_string(error));
    }
    shown(said, &Error::from(wrong));
}

fn of_document(said: &mut String, document: &Document, names: Names) {
    *said += &format!("{document:?}\n{document:#?}\n{:?}\n", document.keys());
    for key in document.keys() {
        if names == Names::DoNotTell {
            break;
        }
        let explained = document.explain(&key).unwrap();
        shown(said, &explained);
    }
}

fn of_configuration(said: &mut String, configuration: &Configuration, names: Names) {
    *said += &format!("{configuration:?}\n{configuration:#?}\n");
    let without = |_: &InstanceConfig| None;
    let with = |_: &InstanceConfig| Some(schema());
    let passes = configuration
        .storages
        .values()
        .all(|storage| storage.options.typed(&schema()).is_ok());
    if names == Names::Tell || passes {
        *said += &to_toml(configuration, &with).unwrap();
        *said += &format!("{:#}", to_json(configuration, &with));
    }
    if names == Names::Tell {
        *said += &to_toml(configuration, &without).unwrap();
        *said += &format!("{:#}", to_json(configuration, &without));
    }
    for storage in configuration.storages.values() {
        match storage
            .options
            .resolve(&schema(), &SystemSecrets::default())
        {
            Ok(resolved) => *said += &format!("{resolved:?}\n{resolved:#?}\n"),
            Err(wrong) => errors(said, wrong),
        }
    }
}
