//! The indices of this storage: made when first written to, listed, deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use reqwest::Method;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use socorro_core::crash::CrashDate;
use socorro_core::{Error, ErrorKind, Result};

use crate::config::Config;
use crate::connection::{Connection, Request};
use crate::fields::Fields;
use crate::layout::IndexTemplate;
use crate::mapping;

/// The indices whose names the template makes.
pub(crate) struct Indices {
    template: IndexTemplate,
    /// Settings and mappings of a new one.
    body: Value,
    /// Those that are known to be there.
    known: Mutex<BTreeSet<String>>,
}

/// An index that is there, and the days whose crashes it holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Index {
    pub(crate) first: CrashDate,
    pub(crate) last: CrashDate,
    pub(crate) name: String,
}

impl Indices {
    pub(crate) fn new(config: &Config, template: IndexTemplate, fields: &Fields) -> Self {
        Self {
            template,
            body: mapping::index(config, fields),
            known: Mutex::default(),
        }
    }

    /// The index of the crashes of this day.
    pub(crate) fn name(&self, day: CrashDate) -> String {
        self.template.name(day)
    }

    /// Makes the index unless it is there, with the mapping, whatever templates the server has.
    pub(crate) async fn ensure(&self, connection: &Connection, name: &str) -> Result<()> {
        if self.known().contains(name) {
            return Ok(());
        }
        let doing = format!("make the index {name}");
        let request = Request::new(Method::PUT, name, &doing).json(&self.body);
        let answer = connection.send(request).await?;
        if !answer.is_success() {
            let refusal = answer.refused();
            // Another process, or an earlier run, was first.
            if refusal.kind != "resource_already_exists_exception" {
                return Err(refusal.into_error(&doing, true));
            }
        }
        self.known().insert(name.to_owned());
        Ok(())
    }

    /// The index may be gone.
    pub(crate) fn forget(&self, name: &str) {
        self.known().remove(name);
    }

    /// The indices that are there, by their days; others' whose names are alike are left out.
    pub(crate) async fn all(&self, connection: &Connection) -> Result<Vec<Index>> {
        let pattern = self.template.pattern();
        let doing = format!("list the indices {pattern}");
        let path = format!(
            "{pattern}/_alias?expand_wildcards=open&allow_no_indices=true&ignore_unavailable=true"
        );
        let answer = connection
            .send(Request::new(Method::GET, path, &doing))
            .await?;
        if answer.status() == 404 {
            return Ok(Vec::new());
        }
        let names: BTreeMap<String, IgnoredAny> = answer.success(&doing, false)?;
        let mut indices: Vec<Index> = names
            .into_keys()
            .filter_map(|name| {
                let (first, last) = self.template.days(&name)?;
                Some(Index { first, last, name })
            })
            .collect();
        indices.sort();
        Ok(indices)
    }

    /// Deletes one index by its exact name; what is not there is no error.
    pub(crate) async fn delete(&self, connection: &Connection, name: &str) -> Result<()> {
        let doing = format!("delete the index {name}");
        let answer = connection
            .send(Request::new(Method::DELETE, name, &doing))
            .await?;
        self.forget(name);
        if answer.is_success() || answer.status() == 404 {
            return Ok(());
        }
        Err(answer.into_error(&doing, true))
    }

    /// Puts the index template, unless the server has it in this version or a later one.
    ///
    /// `InvalidConfig` when a template of this name is somebody else's.
    pub(crate) async fn put_template(
        &self,
        connection: &Connection,
        config: &Config,
        fields: &Fields,
    ) -> Result<()> {
        let name = self.template.template_name();
        let wanted = mapping::template(config, fields, &self.template.pattern());
        let doing = format!("read the index template {name}");
        let path = format!("_index_template/{name}");
        let answer = connection
            .send(Request::new(Method::GET, path.as_str(), &doing))
            .await?;
        if answer.status() != 404 {
            let there: Templates = answer.success(&doing, false)?;
            if let Some(there) = there.index_templates.first() {
                let there = &there.index_template;
                if there.meta.owner.as_deref() != Some(mapping::OWNER) {
                    return Err(Error::new(
                        ErrorKind::InvalidConfig,
                        format!(
                            "the index template {name} is not this plugin's; remove it, choose another index, or set manage_template = false"
                        ),
                    ));
                }
                if there.version > mapping::VERSION {
                    tracing::warn!(
                        template = name,
                        version = there.version,
                        "the index template is of a later version; it stays"
                    );
                    return Ok(());
                }
            }
        }
        let doing = format!("put the index template {name}");
        let request = Request::new(Method::PUT, path, &doing).json(&wanted);
        let answer = connection.send(request).await?;
        if answer.is_success() {
            return Ok(());
        }
        Err(answer.into_error(&doing, true))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Deserialize)]
struct Templates {
    #[serde(default)]
    index_templates: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    index_template: There,
}

#[derive(Deserialize)]
struct There {
    #[serde(default)]
    version: u64,
    #[serde(default, rename = "_meta")]
    meta: Meta,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default)]
    owner: Option<String>,
}
