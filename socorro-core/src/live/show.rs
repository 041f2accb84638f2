//! Showing a configuration: what is in force, what a key means, what there could be.

use std::collections::HashMap;

use serde_json::Value;

use super::environment::{self, Environment, Read, ending};
use super::libraries::plugin;
use super::reason::Refused;
use super::socorro::Builder;
use super::wanted::Kind;
use crate::config::{
    ConfigErrors, Configuration, Document, Explained, InstanceConfig, Named, PluginSchemas,
    is_composite, json_schema, to_commented_toml, to_json,
};
use crate::plugin::loader::Loader;

impl Builder {
    /// The configuration in force, secrets as their references, in a form that loads back to the same
    /// configuration: as TOML with every option there is, what it is for and who set it; or as JSON, with the
    /// host's defaults filled in.
    ///
    /// Everything that is wrong, secrets and backends aside, which it does not look at.
    pub async fn dump(self, json: bool) -> Result<String, Refused> {
        let (environment, _, _) = self.environment();
        let Read { document, partly } =
            environment::read(&environment.layers, &environment.steps()).await?;
        let loader = environment.loader(&partly.configuration);
        let (mut schemas, mut wrong) = (HashMap::new(), ConfigErrors::default());
        for (kind, config) in instances(&partly.configuration) {
            if is_composite(&config.type_name) || !partly.is_checkable(&kind.to_string(), config) {
                continue;
            }
            let checked = plugin(&loader, kind, config).await;
            let checked = checked.map_err(ConfigErrors::from);
            match checked.and_then(|(_, schema)| config.options.typed(&schema).map(|_| schema)) {
                Ok(schema) => {
                    schemas.insert((kind, config.name.clone()), schema);
                }
                Err(errors) => wrong.extend(errors),
            }
        }
        let mut errors = partly.errors;
        errors.extend(wrong);
        let configuration = errors.in_reading_order().or(partly.configuration)?;
        let schema_of = |config: &InstanceConfig| {
            let (kind, _) = instances(&configuration).find(|(_, one)| *one == config)?;
            schemas.get(&(kind, config.name.clone())).cloned()
        };
        if json {
            return Ok(format!("{:#}", to_json(&configuration, &schema_of)));
        }
        to_commented_toml(&document, &configuration, &schema_of)
            .map_err(|error| Refused::new(vec![error.to_string().into()]))
    }

    /// JSON Schema 2020-12 of a configuration file, for editors, with the plugins that are found. Those that
    /// cannot be loaded are left out, and logged.
    ///
    /// Every layer that cannot be read.
    pub async fn schema(self) -> Result<Value, ConfigErrors> {
        let (environment, _, _) = self.environment();
        let document = environment.document().await?;
        let loader = environment.loader.with_options(document.plugins());
        let finder = loader.clone();
        let found = tokio::task::spawn_blocking(move || finder.found()).await;
        let mut schemas = PluginSchemas::default();
        for found in found.map_err(|_| ending())? {
            let plugin = match loader.load(&found.name, None).await {
                Ok(plugin) => plugin,
                Err(error) => {
                    tracing::warn!("the plugin {} is left out: {error}", found.name);
                    continue;
                }
            };
            for (kind, schemas) in [
                (Kind::Storage, &mut schemas.storages),
                (Kind::Source, &mut schemas.sources),
            ] {
                if let Some(schema) = plugin.options_schema(kind) {
                    schemas.insert(found.name.clone(), schema.clone());
                }
            }
        }
        Ok(json_schema(&schemas))
    }

    /// All there is to know of a dotted key, such as `storage.archive.bucket`: its value, who said it over
    /// whom, what it is for, and what a change costs. The configuration need not be right, only readable.
    ///
    /// Every layer that cannot be read; [`Class::UnknownKey`](crate::config::Class::UnknownKey) for a key that nobody set and that is no option.
    pub async fn explain(self, key: &str) -> Result<Explained, ConfigErrors> {
        let (environment, _, _) = self.environment();
        let document = environment.document().await?;
        let loader = environment.loader.with_options(document.plugins());
        let mut schemas = Vec::new();
        let is_meant =
            |named: &Named| key.starts_with(&format!("{}.{}.", named.section, named.name));
        for named in document.named().into_iter().filter(is_meant) {
            let kind = match named.section.as_str() {
                "source" => Kind::Source,
                _ => Kind::Storage,
            };
            let library = named.library.as_deref();
            if let Some(schema) = options(&loader, kind, &named.type_name, library).await {
                schemas.push((named, schema));
            }
        }
        let schema_of = |named: &Named| {
            let (_, schema) = schemas.iter().find(|(one, _)| one == named)?;
            Some(schema.clone())
        };
        document.explained(key, &schema_of)
    }
}

impl Environment {
    /// Reads the layers anew, elsewhere.
    async fn document(&self) -> Result<Document, ConfigErrors> {
        let layers = self.layers.clone();
        let read = tokio::task::spawn_blocking(move || layers.load()).await;
        read.map_err(|_| ending())?
    }
}

fn instances(configuration: &Configuration) -> impl Iterator<Item = (Kind, &InstanceConfig)> {
    let storages = configuration.storages.values();
    let sources = configuration.sources.values();
    storages
        .map(|config| (Kind::Storage, config))
        .chain(sources.map(|config| (Kind::Source, config)))
}

/// The option schema of a plugin. One that cannot be loaded is for `check` to tell; its options are then shown
/// as they are.
async fn options(
    loader: &Loader,
    kind: Kind,
    type_name: &str,
    library: Option<&std::path::Path>,
) -> Option<Value> {
    let plugin = loader.load(type_name, library).await.ok()?;
    plugin.options_schema(kind).cloned()
}
