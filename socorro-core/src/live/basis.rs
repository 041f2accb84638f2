//! What a configuration that was checked says, kept so that the next one can be compared with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::plan::{Part, Shape};
use super::saved::digest_of_all;
use super::wanted::{Wanted, WantedInstance};
use crate::config::{
    Configuration, Document, Files, InstanceConfig, SecretPrint, digest, instance_json, to_json,
};
use crate::plugin::loader::ImageHash;

/// A configuration as far as the next one is compared with it. Has no secret, and nothing from which one could
/// be guessed outside of this process.
#[derive(Debug)]
pub(super) struct Basis {
    pub(super) document: Document,
    pub(super) shapes: BTreeMap<Part, Shape>,
    /// A hash of all that each part is made of but its secrets, the same in every process.
    pub(super) digests: Arc<BTreeMap<Part, String>>,
    /// The hash of them all.
    pub(super) digest: String,
    pub(super) secrets: BTreeMap<Part, Vec<SecretPrint>>,
    /// What each instance was configured with.
    pub(super) configs: BTreeMap<Part, InstanceConfig>,
    /// The files that it was read from, if the program's layers read them.
    pub(super) files: Option<Files>,
}

impl Basis {
    /// Before there is any configuration.
    pub(super) fn nothing() -> Self {
        Self {
            document: Document::empty(),
            shapes: BTreeMap::new(),
            digests: Arc::default(),
            digest: digest_of_all(std::iter::empty()),
            secrets: BTreeMap::new(),
            configs: BTreeMap::new(),
            files: None,
        }
    }

    /// Of a configuration that was checked; what is in it as it is in `before` is taken over from there.
    pub(super) fn new(
        document: Document,
        configuration: &Configuration,
        wanted: &Wanted,
        before: &Self,
    ) -> Self {
        let mut digests = BTreeMap::new();
        let mut secrets = BTreeMap::new();
        for instance in &wanted.instances {
            if let Some((part, digest)) = before.digest_of(instance) {
                let prints = before.secrets.get(part).cloned();
                secrets.extend(prints.map(|prints| (part.clone(), prints)));
                digests.insert(part.clone(), digest.clone());
                continue;
            }
            let schema = instance.schema();
            let mut said = instance_json(&instance.config, schema);
            if let Some(said) = said.as_object_mut() {
                // What counts of a library is its content, wherever it is.
                said.remove("library");
                let image = instance
                    .identity
                    .image
                    .map(|hash| ImageHash(hash).to_string());
                said.insert("image".to_owned(), image.into());
            }
            digests.insert(instance.part(), digest(&said));
            if let (Some(schema), Some(backend)) = (schema, &instance.backend) {
                let prints = instance.config.options.secrets(schema, &backend.options);
                secrets.insert(instance.part(), prints);
            }
        }
        let all = to_json(configuration, &|_| None);
        let settings = wanted.settings.shapes();
        let pipelines = wanted.pipelines.keys().cloned().map(Part::Pipeline);
        for part in settings.keys().cloned().chain(pipelines) {
            let said = part
                .to_string()
                .split('.')
                .try_fold(&all, |value, key| value.get(key))
                .cloned()
                .unwrap_or(Value::Null);
            digests.insert(part, digest(&said));
        }
        Self {
            document,
            shapes: wanted.shapes(),
            digest: digest_of_all(digests.iter()),
            digests: Arc::new(digests),
            secrets,
            configs: wanted
                .instances
                .iter()
                .map(|instance| (instance.part(), instance.config.clone()))
                .collect(),
            files: None,
        }
    }

    /// The digest of this instance, if it says what it said before and is made of what it was made of.
    fn digest_of(&self, instance: &WantedInstance) -> Option<(&Part, &String)> {
        let part = instance.part();
        let same = match self.shapes.get(&part)? {
            Shape::Instance { identity, .. } => *identity == instance.identity,
            _ => false,
        };
        let same = same && *self.configs.get(&part)? == instance.config;
        self.digests.get_key_value(&part).filter(|_| same)
    }

    /// Is the value at this dotted key a secret, or a part of one?
    pub(super) fn is_secret(&self, key: &str) -> bool {
        self.secrets.values().flatten().any(|secret| {
            let (list, _) = secret.key.split_once('[').unwrap_or((&secret.key, ""));
            key == secret.key || key == list
        })
    }
}
