//! A configuration checked against the plugins it names: what is wanted, before anything is opened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::environment::{Environment, Parts};
use super::plan::{Identity, Part, Shape};
use super::resolve::resolve;
use super::settings::Settings;
use crate::config::{
    Class, ConfigError, ConfigErrors, Configuration, InstanceConfig, Origin, Partly,
    PipelineConfig, Resolved, Wrong,
};
use crate::pipeline::Pipelines;
use crate::plugin::Resource;
use crate::plugin::host::{OpenOptions, Plugin};
use crate::plugin::loader::Loader;
use crate::step::{Step, Steps};

pub(super) use crate::plugin::Kind;

/// Everything that is to run.
pub(super) struct Wanted {
    pub(super) settings: Settings,
    pub(super) open: OpenOptions,
    pub(super) instances: Vec<WantedInstance>,
    pub(super) pipelines: BTreeMap<String, PipelineConfig>,
}

/// One storage or source that is to run.
#[derive(Clone)]
pub(super) struct WantedInstance {
    pub(super) kind: Kind,
    pub(super) config: InstanceConfig,
    pub(super) identity: Identity,
    /// A composite's children; empty for a backend.
    pub(super) children: Vec<String>,
    /// How to open a backend; none for a composite.
    pub(super) backend: Option<Backend>,
}

/// A backend's plugin and the options for it.
#[derive(Clone)]
pub(super) struct Backend {
    pub(super) plugin: Arc<Plugin>,
    /// Secrets in clear: for the plugin only.
    pub(super) options: Arc<Resolved>,
    pub(super) resources: Vec<Resource>,
}

impl WantedInstance {
    pub(super) fn part(&self) -> Part {
        part(self.kind, &self.config)
    }

    /// What it needs for itself; a composite needs nothing.
    pub(super) fn resources(&self) -> &[Resource] {
        self.backend.as_ref().map_or(&[], |it| &it.resources)
    }

    /// The schema of a backend's options.
    pub(super) fn schema(&self) -> Option<&Value> {
        self.backend.as_ref()?.plugin.options_schema(self.kind)
    }
}

impl Wanted {
    /// Loads the plugins, checks every option, resolves secrets, compares resources; all errors at once, those
    /// included that were found when the configuration was read.
    pub(super) async fn check(
        environment: &Environment,
        partly: Partly,
        claimed: &[String],
        steps: &Steps,
    ) -> Result<Self, ConfigErrors> {
        let configuration = &partly.configuration;
        let loader = environment.loader(configuration).within(steps);
        let open = configuration.plugins.open();
        let mut together = partly.errors.clone();
        let mut errors = ConfigErrors::default();
        // A table that could not be read is not gone.
        if partly.errors.0.is_empty() {
            together.extend(still_there(configuration, claimed));
            together.extend(asked_for(configuration, &environment.parts));
        }
        let with_sources = environment.pipelines != Pipelines::Off;
        let storages = selected(configuration, &environment.parts)
            .into_iter()
            .filter(|config| partly.is_checkable("storage", config))
            .map(|config| {
                check_instance(environment, &loader, &open, steps, Kind::Storage, config)
            });
        let sources = configuration
            .sources
            .values()
            .filter(|config| with_sources && partly.is_checkable("source", config))
            .cloned()
            .map(|config| check_instance(environment, &loader, &open, steps, Kind::Source, config));
        let mut instances = Vec::new();
        for checked in join_all(storages)
            .await
            .into_iter()
            .chain(join_all(sources).await)
        {
            match checked {
                Ok(instance) => instances.push(instance),
                Err(wrong) => errors.extend(wrong),
            }
        }
        together.extend(collisions(&instances));
        let together = steps.take(Step::Check, || together.or(()));
        let mut all = together.err().unwrap_or_default();
        all.extend(errors);
        let configuration = partly.configuration;
        all.in_reading_order().or(Self {
            settings: Settings::of(&configuration),
            open,
            instances,
            pipelines: if with_sources {
                configuration.pipelines
            } else {
                BTreeMap::new()
            },
        })
    }

    pub(super) fn shapes(&self) -> BTreeMap<Part, Shape> {
        let instances = self.instances.iter().map(|instance| {
            let shape = Shape::Instance {
                identity: instance.identity.clone(),
                resources: instance.resources().to_vec(),
                host: instance.config.host.clone(),
            };
            (instance.part(), shape)
        });
        let pipelines = self.pipelines.iter().map(|(name, config)| {
            (
                Part::Pipeline(name.clone()),
                Shape::Pipeline(config.clone()),
            )
        });
        let settings = self.settings.shapes();
        instances.chain(pipelines).chain(settings).collect()
    }
}

fn part(kind: Kind, config: &InstanceConfig) -> Part {
    match kind {
        Kind::Storage => Part::Storage(config.name.clone()),
        Kind::Source => Part::Source(config.name.clone()),
    }
}

/// The names that the program holds handles to have to stay.
fn still_there(configuration: &Configuration, claimed: &[String]) -> Vec<ConfigError> {
    let gone = claimed
        .iter()
        .filter(|name| !configuration.storages.contains_key(*name));
    gone.map(|name| still_in_use(name)).collect()
}

/// A handle to the storage was made, which no configuration has any more.
pub(super) fn still_in_use(name: &str) -> ConfigError {
    let why =
        "is gone, but the program holds a handle to it; keep the table, or restart without it";
    let wrong = Wrong::new(Class::StillInUse, why);
    ConfigError::new(Origin::Together, format!("storage.{name}"), wrong)
}

/// The storages that the program asked for by name have to be configured.
fn asked_for(configuration: &Configuration, parts: &Parts) -> Vec<ConfigError> {
    let Parts::Only(names) = parts else {
        return Vec::new();
    };
    let there: Vec<&str> = configuration.storages.keys().map(String::as_str).collect();
    let there = if there.is_empty() {
        "there is none; name a configuration file that has one".to_owned()
    } else {
        format!("there are: {}", there.join(", "))
    };
    names
        .iter()
        .filter(|name| !configuration.storages.contains_key(*name))
        .map(|name| {
            let why = format!("there is no storage {name:?}; {there}");
            let wrong = Wrong::near(
                Class::NoSuchStorage,
                why,
                name,
                configuration.storages.keys(),
            );
            ConfigError::new(Origin::Together, "", wrong)
        })
        .collect()
}

/// The storages to open: all, or some with what they are made of.
fn selected(configuration: &Configuration, parts: &Parts) -> Vec<InstanceConfig> {
    let Parts::Only(names) = parts else {
        return configuration.storages.values().cloned().collect();
    };
    let mut open: Vec<&String> = names.iter().collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        if seen.insert(name) {
            open.extend(
                configuration
                    .storages
                    .get(name)
                    .into_iter()
                    .flat_map(|storage| &storage.stores),
            );
        }
    }
    seen.into_iter()
        .filter_map(|name| configuration.storages.get(name))
        .cloned()
        .collect()
}

async fn check_instance(
    environment: &Environment,
    loader: &Loader,
    open: &OpenOptions,
    steps: &Steps,
    kind: Kind,
    config: InstanceConfig,
) -> Result<WantedInstance, ConfigErrors> {
    if !config.stores.is_empty() {
        let identity = Identity {
            type_name: config.type_name.clone(),
            image: None,
            fingerprint: hash(&config.stores),
        };
        return Ok(WantedInstance {
            kind,
            identity,
            children: config.stores.clone(),
            backend: None,
            config,
        });
    }
    let (plugin, schema) = plugin(loader, kind, &config).await?;
    let steps = &steps.about(part(kind, &config));
    let resolved = resolve(environment, schema, &config, steps).await?;
    let ask = plugin.resources(kind, &config.name, resolved.json(), open.timeout);
    let resources = steps
        .take_async(Step::Check, ask)
        .await
        .map_err(|error| resolved.hide(error))
        .map_err(|error| config.wrong("", Wrong::new(Class::PluginRefused, error.to_string())))?;
    let identity = Identity {
        type_name: config.type_name.clone(),
        image: plugin.image().sha256,
        fingerprint: resolved.fingerprint(),
    };
    let backend = Backend {
        plugin,
        options: Arc::new(resolved),
        resources,
    };
    Ok(WantedInstance {
        kind,
        config,
        identity,
        children: Vec::new(),
        backend: Some(backend),
    })
}

/// The plugin of a backend, and the schema of its options.
pub(super) async fn plugin(
    loader: &Loader,
    kind: Kind,
    config: &InstanceConfig,
) -> Result<(Arc<Plugin>, Value), ConfigErrors> {
    let plugin = loader
        .load(&config.type_name, config.library.as_deref())
        .await
        .map_err(|error| {
            let key = if config.library.is_some() {
                "library"
            } else {
                "type"
            };
            let class = if config.library.is_none() && !loader.knows(&config.type_name) {
                Class::NoSuchPlugin
            } else {
                Class::PluginRefused
            };
            config.wrong(key, Wrong::new(class, error.to_string()))
        })?;
    let Some(schema) = plugin.options_schema(kind).cloned() else {
        let why = format!("the plugin {:?} is no {kind}", config.type_name);
        return Err(config
            .wrong("type", Wrong::new(Class::PluginKind, why))
            .into());
    };
    Ok((plugin, schema))
}

fn hash(names: &[String]) -> [u8; 32] {
    // Names contain no comma.
    Sha256::digest(names.join(",")).into()
}

/// Two instances that need the same thing for themselves.
fn collisions(instances: &[WantedInstance]) -> Vec<ConfigError> {
    let mut owners: BTreeMap<(&str, &str), (&Resource, Vec<&WantedInstance>)> = BTreeMap::new();
    for instance in instances {
        for resource in instance.resources() {
            let same = (resource.kind.as_str(), resource.name.as_str());
            let (_, owners) = owners.entry(same).or_insert((resource, Vec::new()));
            owners.push(instance);
        }
    }
    owners
        .into_values()
        .flat_map(|(resource, owners)| {
            let first = owners.first().copied();
            owners.into_iter().skip(1).filter_map(move |other| {
                let first = first?;
                let why = format!(
                    "needs the same {resource} as {} ({}); give each its own",
                    first.part(),
                    first.config.options.origin()
                );
                Some(other.config.wrong("", Wrong::new(Class::SamePlace, why)))
            })
        })
        .collect()
}
