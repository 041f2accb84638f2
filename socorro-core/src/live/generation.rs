//! One configuration as it runs. Immutable: a reload makes the next one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::admission::Admission;
use super::instance::{SourceInstance, StorageInstance};
use super::plan::Part;
use super::settings::Settings;
use crate::compose;
use crate::config::{HostOptions, PipelineConfig};
use crate::crash::{Limits, Redaction};
use crate::error::{Error, ErrorKind, Result};
use crate::storage::Capabilities;
use crate::telemetry::Meter;
use crate::transaction::{Drain, TransactionExecutor};

/// Everything that one operation needs from its start to its end. An operation holds the generation it
/// started in, and so keeps every instance in it open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Generation {
    /// Counted from 1; 0 is the empty one before the start and after the end.
    pub(super) number: u64,
    pub(super) settings: Settings,
    pub(super) storages: BTreeMap<Arc<str>, Arc<StorageEntry>>,
    pub(super) sources: BTreeMap<Arc<str>, Arc<SourceEntry>>,
    pub(super) pipelines: BTreeMap<String, PipelineConfig>,
}

/// A storage as one generation uses it: the instance, and what the host puts in front of it.
#[derive(Debug)]
pub(crate) struct StorageEntry {
    pub(super) instance: Arc<StorageInstance>,
    pub(super) host: HostOptions,
    /// The names of a composite's children; none for a backend.
    pub(super) children: Vec<String>,
    pub(super) executor: Arc<dyn TransactionExecutor>,
    pub(super) admission: Admission,
    /// Of the name, whichever instance is behind it.
    pub(super) meter: Arc<Meter>,
    /// Of one attempt; none for a composite, whose children have their own.
    pub(super) timeout: Option<Duration>,
}

/// A source as one generation uses it.
#[derive(Debug)]
pub(crate) struct SourceEntry {
    pub(super) instance: Arc<SourceInstance>,
    pub(super) host: HostOptions,
    pub(super) executor: Arc<dyn TransactionExecutor>,
    /// Asks again, as long as it takes, after `executor` gave up.
    pub(super) patience: Arc<dyn TransactionExecutor>,
}

impl Generation {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn limits(&self) -> Limits {
        self.settings.limits
    }

    /// How long what it replaced may go on.
    pub(crate) fn drain_timeout(&self) -> Duration {
        self.settings.reload.drain_timeout
    }

    pub(crate) fn redaction(&self) -> &Arc<Redaction> {
        &self.settings.redaction
    }

    pub(crate) fn storage(&self, name: &str) -> Option<&Arc<StorageEntry>> {
        self.storages.get(name)
    }

    pub(crate) fn pipelines(&self) -> &BTreeMap<String, PipelineConfig> {
        &self.pipelines
    }

    pub(crate) fn source(&self, name: &str) -> Result<&Arc<SourceEntry>> {
        self.sources.get(name).ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidConfig,
                format!("no source {name:?} in generation {}", self.number),
            )
        })
    }

    /// The storages and sources whose backend is not there yet, and why.
    pub(super) fn absent(&self) -> Vec<(Part, String)> {
        let storages = self.storages.iter().filter_map(|(name, entry)| {
            let why = entry.instance.absent()?;
            Some((Part::Storage(name.to_string()), why))
        });
        let sources = self.sources.iter().filter_map(|(name, entry)| {
            let why = entry.instance.absent()?;
            Some((Part::Source(name.to_string()), why))
        });
        storages.chain(sources).collect()
    }

    /// The same, for a report.
    pub(super) fn degraded(&self) -> Vec<(String, String)> {
        let absent = self.absent().into_iter();
        absent.map(|(part, why)| (part.to_string(), why)).collect()
    }

    /// What a storage can do; a composite can do what its children in this generation can.
    pub(crate) fn capabilities(&self, name: &str) -> Capabilities {
        let leaves = self.leaves(name);
        compose::union(leaves.iter().map(|leaf| {
            self.storages
                .get(*leaf)
                .map_or(Capabilities::empty(), |entry| entry.instance.capabilities())
        }))
    }

    /// The backends below a storage: itself, or the backends below a composite's children, each once.
    pub(crate) fn leaves<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        let mut leaves = Vec::new();
        let mut open = vec![name];
        // Ends: the configuration was checked for cycles.
        while let Some(name) = open.pop() {
            match self.storages.get(name) {
                Some(entry) if !entry.children.is_empty() => {
                    open.extend(entry.children.iter().map(String::as_str));
                }
                _ if !leaves.contains(&name) => leaves.push(name),
                _ => {}
            }
        }
        leaves.sort_unstable();
        leaves
    }
}

impl StorageEntry {
    pub(crate) fn is_composite(&self) -> bool {
        !self.children.is_empty()
    }

    pub(crate) fn drain(&self) -> &Drain {
        &self.instance.drain
    }
}

impl SourceEntry {
    /// The open source, as generations share it.
    pub(crate) fn instance(&self) -> &SourceInstance {
        &self.instance
    }

    pub(crate) fn name(&self) -> &str {
        &self.instance.name
    }

    /// Is this the same open source, with the same options of the host?
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.instance, &other.instance) && self.host == other.host
    }

    pub(crate) fn executor(&self) -> &dyn TransactionExecutor {
        &*self.executor
    }

    pub(crate) fn patience(&self) -> &dyn TransactionExecutor {
        &*self.patience
    }

    pub(crate) fn drain(&self) -> &Drain {
        &self.instance.drain
    }

    /// What bounds settling crashes that it handed out, when it leaves.
    pub(crate) fn settling(&self) -> &Drain {
        &self.instance.settling
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.host.timeout
    }
}
