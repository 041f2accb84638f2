//! A configuration checked against the plugins it names: what is wanted, before anything is opened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::basis::Basis;
use super::environment::{Environment, Parts};
use super::libraries::{Code, Libraries};
use super::plan::{Identity, Part, Shape};
use super::resolve::{Unresolved, resolve};
use super::settings::Settings;
use crate::config::{
    Class, ConfigError, ConfigErrors, Configuration, InstanceConfig, Origin, Partly,
    PipelineConfig, Resolved, Wrong,
};
use crate::pipeline::Pipelines;
use crate::plugin::Resource;
use crate::plugin::host::{OpenOptions, Plugin};
use crate::step::{Step, Steps};

pub(super) use crate::plugin::Kind;

/// Everything that is to run.
pub(super) struct Wanted {
    pub(super) settings: Settings,
    pub(super) open: OpenOptions,
    pub(super) instances: Vec<WantedInstance>,
    pub(super) pipelines: BTreeMap<String, PipelineConfig>,
}

/// What there is when a configuration is checked.
#[derive(Clone, Copy)]
pub(super) struct Present<'a> {
    /// The storages that the program holds handles to.
    pub(super) claimed: &'a [String],
    /// What runs.
    pub(super) running: &'a BTreeMap<Part, Shape>,
    /// What that was made from.
    pub(super) basis: &'a Basis,
}

impl Present<'_> {
    /// What the instance that runs said it needs for itself when it was made.
    fn resources(&self, part: &Part) -> &[Resource] {
        match self.running.get(part) {
            Some(Shape::Instance { resources, .. }) => resources,
            _ => &[],
        }
    }
}

/// One storage or source that is to run.
#[derive(Clone)]
pub(super) struct WantedInstance {
    pub(super) kind: Kind,
    pub(super) config: InstanceConfig,
    pub(super) identity: Identity,
    /// A composite's children; empty for a backend.
    pub(super) children: Vec<String>,
    /// How to open a backend; none for a composite, and for what stays until a restart.
    pub(super) backend: Option<Backend>,
    /// What it needs for itself.
    pub(super) resources: Vec<Resource>,
    /// Why it stays as it runs until a restart, whatever its configuration says.
    pub(super) waits: Option<Arc<str>>,
}

/// A backend's plugin and the options for it.
#[derive(Clone)]
pub(super) struct Backend {
    pub(super) plugin: Arc<Plugin>,
    /// Secrets in clear: for the plugin only.
    pub(super) options: Arc<Resolved>,
}

impl WantedInstance {
    pub(super) fn part(&self) -> Part {
        part(self.kind, &self.config)
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
        present: Present<'_>,
        steps: &Steps,
    ) -> Result<Self, ConfigErrors> {
        let configuration = &partly.configuration;
        let loader = environment.loader(configuration).within(steps);
        let open = configuration.plugins.open();
        let mut together = partly.errors.clone();
        let mut errors = ConfigErrors::default();
        // A table that could not be read is not gone.
        if partly.errors.0.is_empty() {
            together.extend(still_there(configuration, present.claimed));
            together.extend(asked_for(configuration, &environment.parts));
        }
        let with_sources = environment.pipelines != Pipelines::Off;
        let storages = selected(configuration, &environment.parts)
            .into_iter()
            .filter(|config| partly.is_checkable("storage", config));
        let sources = configuration
            .sources
            .values()
            .filter(|config| with_sources && partly.is_checkable("source", config));
        let all: Vec<(Kind, InstanceConfig)> = storages
            .map(|config| (Kind::Storage, config))
            .chain(sources.map(|config| (Kind::Source, config.clone())))
            .collect();
        let check = Check {
            environment,
            libraries: Libraries::load(loader, all.iter().map(|(_, config)| config)).await,
            present,
            timeout: open.timeout,
            steps,
        };
        let mut instances = Vec::new();
        for checked in check.instances(all).await {
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
                resources: instance.resources.clone(),
                host: instance.config.host.clone(),
                waits: instance.waits.clone(),
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

/// What instances are checked against.
struct Check<'a> {
    environment: &'a Environment,
    libraries: Libraries,
    present: Present<'a>,
    /// How long a plugin may take to say what an instance needs.
    timeout: Duration,
    steps: &'a Steps,
}

/// How far an instance is checked without its options.
enum Begun {
    /// As far as there is anything to check.
    Whole(WantedInstance),
    Backend(Unresolved),
}

impl Check<'_> {
    async fn instances(
        &self,
        all: Vec<(Kind, InstanceConfig)>,
    ) -> Vec<Result<WantedInstance, ConfigErrors>> {
        let (mut checked, mut backends) = (Vec::new(), Vec::new());
        for (kind, config) in all {
            match self.code(kind, config) {
                Ok(Begun::Whole(instance)) => checked.push(Ok(instance)),
                Ok(Begun::Backend(backend)) => backends.push(backend),
                Err(wrong) => checked.push(Err(wrong)),
            }
        }
        match resolve(self.environment, backends).await {
            Ok(resolved) => {
                let resolved = resolved.into_iter();
                let backends = resolved.map(|(of, resolved)| self.backend(of, resolved));
                checked.extend(join_all(backends).await);
            }
            Err(wrong) => checked.push(Err(wrong)),
        }
        checked
    }

    /// Finds the code of an instance, if it has any.
    ///
    /// Why there is none.
    fn code(&self, kind: Kind, config: InstanceConfig) -> Result<Begun, ConfigErrors> {
        let part = part(kind, &config);
        if !config.stores.is_empty() {
            let identity = Identity {
                type_name: config.type_name.clone(),
                image: None,
                fingerprint: hash(&config.stores),
            };
            return Ok(Begun::Whole(WantedInstance {
                kind,
                identity,
                children: config.stores.clone(),
                backend: None,
                config,
                resources: Vec::new(),
                waits: None,
            }));
        }
        let running = self.present.running.get(&part);
        Ok(match self.libraries.code(&config, running)? {
            Code::Plugin(plugin) => Begun::Backend(Unresolved {
                plugin,
                kind,
                config,
                steps: self.steps.about(part),
            }),
            Code::Stays { identity, why } => Begun::Whole(WantedInstance {
                kind,
                config,
                identity,
                children: Vec::new(),
                backend: None,
                resources: self.present.resources(&part).to_vec(),
                waits: Some(why),
            }),
        })
    }

    /// Asks the plugin of a backend what an instance with these options needs for itself.
    async fn backend(
        &self,
        of: Unresolved,
        resolved: Result<Resolved, ConfigErrors>,
    ) -> Result<WantedInstance, ConfigErrors> {
        let Unresolved {
            plugin,
            kind,
            config,
            steps,
        } = of;
        let resolved = resolved?;
        let part = part(kind, &config);
        let identity = Identity {
            type_name: config.type_name.clone(),
            image: plugin.image().sha256,
            fingerprint: resolved.fingerprint(),
        };
        let resources = if self.runs(&part, &identity) {
            // It holds them; its plugin is asked nothing.
            self.present.resources(&part).to_vec()
        } else {
            let ask = plugin.resources(kind, &config.name, resolved.json(), self.timeout);
            let resources = steps.take_async(Step::Check, ask).await;
            resources.map_err(|error| {
                let why = resolved.hide(error).to_string();
                config.wrong("", Wrong::new(Class::PluginRefused, why))
            })?
        };
        Ok(WantedInstance {
            kind,
            config,
            identity,
            children: Vec::new(),
            backend: Some(Backend {
                plugin,
                options: Arc::new(resolved),
            }),
            resources,
            waits: None,
        })
    }

    /// Is the instance that runs made from exactly this?
    fn runs(&self, part: &Part, identity: &Identity) -> bool {
        match self.present.running.get(part) {
            Some(Shape::Instance { identity: it, .. }) => it == identity,
            _ => false,
        }
    }
}

fn hash(names: &[String]) -> [u8; 32] {
    // Names contain no comma.
    Sha256::digest(names.join(",")).into()
}

/// Two instances that need the same thing for themselves.
fn collisions(instances: &[WantedInstance]) -> Vec<ConfigError> {
    let mut owners: BTreeMap<(&str, &str), (&Resource, Vec<&WantedInstance>)> = BTreeMap::new();
    for instance in instances {
        for resource in &instance.resources {
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
