//! What a reload does to each part: a pure difference of two configurations.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::settings::Setting;
use crate::config::{HostOptions, PipelineConfig};
use crate::plugin::{Exchange, Resource};

mod succession;

pub use succession::{Meeting, Succession};

/// What an instance was made from. Two equal identities make interchangeable instances, so the one that is
/// there is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The configured `type`.
    pub type_name: String,
    /// The content hash of the library; none for what is linked into the program.
    pub image: Option<[u8; 32]>,
    /// A keyed hash of the plugin's options, secrets included.
    pub fingerprint: [u8; 32],
}

/// A part of a configuration that can be kept, changed, made or ended by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// `[storage.NAME]`
    Storage(String),
    /// `[source.NAME]`
    Source(String),
    /// `[pipeline.NAME]`
    Pipeline(String),
    /// A table that is no instance: `limits`, `redaction`, `reload`, `plugins`, `control`.
    Settings(String),
}

/// What a part is, as far as it decides between keeping and replacing.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A storage or source: what its instance is made from, and what the host puts in front of it.
    Instance {
        /// Decides whether the instance is kept.
        identity: Identity,
        /// What it needs for itself: decides how a new instance comes into service.
        resources: Vec<Resource>,
        /// Changes in place.
        host: HostOptions,
        /// Why it cannot be adopted before a restart, if it cannot. Never said of what runs.
        waits: Option<Arc<str>>,
    },
    /// A pipeline, which is started anew when anything in it changes.
    Pipeline(PipelineConfig),
    /// A table that is no instance.
    Setting(Setting),
}

/// What happens to one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Stays as it is and receives no call.
    Keep,
    /// The instance stays; options of the host change.
    ChangeInPlace,
    /// New.
    Add,
    /// A new instance takes over; the old one drains.
    Replace,
    /// Drains and ends.
    Remove,
    /// It takes a restart of the program; until then the old holds.
    Restart,
}

/// What a reload does, part by part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// One entry for every storage, source and pipeline of either configuration, and for other tables that change.
    pub changes: BTreeMap<Part, Change>,
    /// How each new instance comes into service that takes the place of another: one entry for every storage and
    /// source that is replaced, and for those that are added and need what another one leaves.
    pub successions: BTreeMap<Part, Succession>,
}

impl Plan {
    /// The difference between what runs and what is wanted.
    pub fn between(running: &BTreeMap<Part, Shape>, wanted: &BTreeMap<Part, Shape>) -> Self {
        let removed = running
            .keys()
            .filter(|part| !wanted.contains_key(part) && !part.is_settings())
            .map(|part| (part.clone(), Change::Remove));
        let changes = wanted.iter().filter_map(|(part, shape)| {
            let change = match running.get(part) {
                Some(running) => compare(running, shape),
                // At the start nothing else could be in force.
                None if part.is_settings() => Change::Keep,
                None => Change::Add,
            };
            let told = !(part.is_settings() && change == Change::Keep);
            told.then(|| (part.clone(), change))
        });
        let changes = removed.chain(changes).collect();
        let successions = succession::between(&changes, running, wanted);
        Self {
            changes,
            successions,
        }
    }

    /// What happens to this part; `Keep` for one that is in neither configuration.
    pub fn change(&self, part: &Part) -> Change {
        self.changes.get(part).copied().unwrap_or(Change::Keep)
    }

    /// How the part's new instance comes into service, where that takes more care than to let both overlap.
    pub fn careful(&self, part: &Part) -> Option<&Succession> {
        let succession = self.successions.get(part);
        succession.filter(|succession| succession.mode != Exchange::Overlap)
    }

    /// Is everything kept as it is?
    pub fn is_empty(&self) -> bool {
        self.changes.values().all(|change| *change == Change::Keep)
    }

    /// Is everything kept as it is, at least until a restart?
    pub fn changes_nothing_now(&self) -> bool {
        self.changes
            .values()
            .all(|change| matches!(change, Change::Keep | Change::Restart))
    }

    /// Is there anything that takes a restart?
    pub fn needs_restart(&self) -> bool {
        self.changes
            .values()
            .any(|change| *change == Change::Restart)
    }
}

impl Part {
    /// The name alone: `archive` of `storage.archive`.
    pub fn name(&self) -> &str {
        match self {
            Self::Storage(name)
            | Self::Source(name)
            | Self::Pipeline(name)
            | Self::Settings(name) => name,
        }
    }

    fn is_settings(&self) -> bool {
        matches!(self, Self::Settings(_))
    }
}

fn compare(running: &Shape, wanted: &Shape) -> Change {
    match (running, wanted) {
        (Shape::Instance { .. }, Shape::Instance { waits: Some(_), .. }) => Change::Restart,
        (
            Shape::Instance {
                identity: old,
                host: old_host,
                ..
            },
            Shape::Instance {
                identity: new,
                host: new_host,
                ..
            },
        ) if old == new => {
            if old_host == new_host {
                Change::Keep
            } else {
                Change::ChangeInPlace
            }
        }
        (running, wanted) if running == wanted => Change::Keep,
        (Shape::Setting(old), Shape::Setting(new)) if old.takes_restart(new) => Change::Restart,
        (Shape::Setting(_), Shape::Setting(_)) => Change::ChangeInPlace,
        _ => Change::Replace,
    }
}

/// As in configuration: `storage.archive`.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage(name) => write!(f, "storage.{name}"),
            Self::Source(name) => write!(f, "source.{name}"),
            Self::Pipeline(name) => write!(f, "pipeline.{name}"),
            Self::Settings(name) => f.write_str(name),
        }
    }
}

/// What [`Display`](fmt::Display) writes.
impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('.') {
            Some(("storage", name)) => Ok(Self::Storage(name.to_owned())),
            Some(("source", name)) => Ok(Self::Source(name.to_owned())),
            Some(("pipeline", name)) => Ok(Self::Pipeline(name.to_owned())),
            None => Ok(Self::Settings(text.to_owned())),
            Some(_) => Err(format!("{text:?} is no part of a configuration")),
        }
    }
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Keep => "keep",
            Self::ChangeInPlace => "change",
            Self::Add => "add",
            Self::Replace => "replace",
            Self::Remove => "remove",
            Self::Restart => "restart",
        })
    }
}

#[cfg(test)]
mod tests;
