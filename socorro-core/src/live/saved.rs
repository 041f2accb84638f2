//! A plan that was reviewed, on its way to the reload that may do exactly this.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::plan::{Change, Part};
use crate::config::digest;
use crate::error::{Error, ErrorKind, Result};
use crate::plugin::Exchange;

/// What was reviewed: a reload that [expects](super::Socorro::reload_expecting) it does this, or nothing.
///
/// It says of each part what it is made of before and after, as a hash without the part's secrets, from which
/// those could be guessed. That a secret changes between review and reload is noticed where it alone decides:
/// a part that the plan keeps would be replaced. One that is replaced anyway opens with the secret of that
/// moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    version: u32,
    /// The hash of the configuration that it starts from.
    from: String,
    /// The hash of the configuration that it leads to.
    to: String,
    parts: BTreeMap<Part, SavedPart>,
}

/// What was reviewed of one part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SavedPart {
    pub(super) change: Change,
    /// How the new instance comes into service, where that takes more than to let both overlap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) exchange: Option<Exchange>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<String>,
    /// For who reviews it; nothing depends on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) why: Vec<String>,
}

/// The only one there has been.
const VERSION: u32 = 1;

impl SavedPlan {
    pub(super) fn new(parts: BTreeMap<Part, SavedPart>) -> Self {
        let whole = |side: fn(&SavedPart) -> &Option<String>| {
            let parts = parts.iter();
            digest_of_all(parts.filter_map(|(part, saved)| Some((part, side(saved).as_ref()?))))
        };
        Self {
            version: VERSION,
            from: whole(|part| &part.from),
            to: whole(|part| &part.to),
            parts,
        }
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    ///
    /// `InvalidInput` when it is no plan, or one of another version.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |why: String| Error::new(ErrorKind::InvalidInput, why);
        let plan: Self = serde_json::from_str(text)
            .map_err(|error| wrong(format!("this is no saved plan: {error}")))?;
        if plan.version != VERSION {
            return Err(wrong(format!(
                "the plan is of version {}, this program knows version {VERSION}; make it anew",
                plan.version
            )));
        }
        Ok(plan)
    }

    /// As JSON, for a file.
    pub fn to_text(&self) -> String {
        // A value of strings and maps of strings can always be written.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The hash of the configuration that it starts from.
    pub fn from(&self) -> &str {
        &self.from
    }

    /// The hash of the configuration that it leads to.
    pub fn to(&self) -> &str {
        &self.to
    }

    /// What happens to each part.
    pub fn changes(&self) -> impl Iterator<Item = (&Part, Change)> {
        self.parts.iter().map(|(part, saved)| (part, saved.change))
    }

    /// How what would happen now differs from this, a line each; empty when it does not.
    pub(super) fn differs(&self, now: &Self) -> Vec<String> {
        let parts: BTreeSet<&Part> = self.parts.keys().chain(now.parts.keys()).collect();
        let mut lines = Vec::new();
        for part in parts {
            let (then, now) = (self.parts.get(part), now.parts.get(part));
            let side = |side: fn(&SavedPart) -> &Option<String>| {
                then.and_then(|then| side(then).as_ref()) != now.and_then(|now| side(now).as_ref())
            };
            let change =
                |saved: Option<&SavedPart>| saved.map_or(Change::Keep, |saved| saved.change);
            if side(|part| &part.from) {
                lines.push(format!(
                    "{part}: what runs is not what the plan starts from"
                ));
            }
            if side(|part| &part.to) {
                lines.push(format!(
                    "{part}: the configuration does not say what was reviewed"
                ));
            }
            if change(then) != change(now) {
                lines.push(format!(
                    "{part}: the plan says {}, a reload now would say {}",
                    change(then),
                    change(now)
                ));
            }
            let exchange = |saved: Option<&SavedPart>| {
                saved.and_then(|saved| saved.exchange).unwrap_or_default()
            };
            if exchange(then) != exchange(now) {
                lines.push(format!(
                    "{part}: the plan says {}, a reload now would say {}",
                    exchange(then),
                    exchange(now)
                ));
            }
        }
        if lines.is_empty() && (&self.from, &self.to) != (&now.from, &now.to) {
            lines.push("its hashes are not those of its parts".to_owned());
        }
        lines
    }
}

/// The hash of a configuration, of the hashes of its parts.
pub(super) fn digest_of_all<'a>(parts: impl Iterator<Item = (&'a Part, &'a String)>) -> String {
    let parts = parts.map(|(part, digest)| (part.to_string(), Value::from(digest.as_str())));
    digest(&parts.collect())
}

#[cfg(test)]
mod tests;
