//! What a reload would do, and why: key by key, origin by origin.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::basis::Basis;
use super::plan::{Change, Part, Plan, Shape, Succession};
use super::saved::{SavedPart, SavedPlan};
use crate::config::{Comparison, KeyChange, Origin, Said, Shadowed};
use crate::plugin::loader::ImageHash;

/// What a reload would do, and why. Its [`Display`](fmt::Display) is for a person. Has no secrets.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Diff {
    /// What happens to each part: what the reload does that follows, if nothing else changes until then.
    pub plan: Plan,
    /// Why.
    pub why: Why,
    /// The digest of each part before.
    from: Arc<BTreeMap<Part, String>>,
    /// The digest of each part after.
    to: Arc<BTreeMap<Part, String>>,
}

/// Why a reload does what it does.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Why {
    /// The reasons for each part that is not kept.
    pub parts: BTreeMap<Part, Vec<Cause>>,
    /// Keys that are said differently and mean the same, such as `60s` and `1min`.
    pub no_effect: Vec<KeyChange>,
    /// Edits that something later hides.
    pub shadowed: Vec<Shadowed>,
}

/// One reason why a part is not kept.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Cause {
    /// A key says something else.
    Key(KeyChange),
    /// The plugin's library has another content.
    Library {
        /// The plugin.
        plugin: String,
        /// The hash it had; none for a plugin that is linked into the program.
        old: Option<ImageHash>,
        /// The hash it has.
        new: Option<ImageHash>,
    },
    /// The same reference leads to another secret.
    Secret {
        /// The dotted key.
        key: String,
        /// The reference.
        reference: String,
        /// Who wrote the reference.
        origin: Origin,
    },
    /// An earlier reload read it already, and it waits for a restart since.
    Pending,
    /// Its library cannot be loaded before a restart.
    NoRoom {
        /// What a person can do.
        why: String,
    },
}

impl Diff {
    /// What it takes to come from `running`, which `from` describes, to `to`.
    pub(super) fn between(running: &BTreeMap<Part, Shape>, from: &Basis, to: &Basis) -> Self {
        let plan = Plan::between(running, &to.shapes);
        let is_secret = |key: &str| from.is_secret(key) || to.is_secret(key);
        let Comparison { changed, shadowed } = from.document.compare(&to.document, &is_secret);
        let mut why = Why {
            shadowed,
            ..Why::default()
        };
        for change in changed {
            match part_of(&change.key).filter(|part| plan.change(part) != Change::Keep) {
                Some(part) => why.parts.entry(part).or_default().push(Cause::Key(change)),
                None => why.no_effect.push(change),
            }
        }
        for (part, change) in &plan.changes {
            if *change == Change::Replace {
                let causes = why.parts.entry(part.clone()).or_default();
                causes.extend(other_library(part, from, to));
                causes.extend(other_secrets(part, from, to));
            }
            if *change == Change::Restart {
                let causes = why.parts.entry(part.clone()).or_default();
                causes.extend(no_room(part, to));
                if causes.is_empty() {
                    causes.push(Cause::Pending);
                }
            }
        }
        let why = why.without_shared();
        Self {
            plan,
            why,
            from: from.digests.clone(),
            to: to.digests.clone(),
        }
    }

    /// Everything stays, because what is read says what `running` was made from; none when something of it waits for
    /// a restart.
    pub(super) fn of_the_same(running: &BTreeMap<Part, Shape>, from: &Basis) -> Option<Self> {
        let plan = Plan::between(running, &from.shapes);
        plan.is_empty().then(|| Self {
            plan,
            why: Why::default(),
            from: from.digests.clone(),
            to: from.digests.clone(),
        })
    }

    /// Would a reload change anything at all?
    pub fn is_empty(&self) -> bool {
        self.plan.is_empty()
    }

    /// What to keep of it, so that exactly this can be applied later.
    pub fn saved(&self) -> SavedPlan {
        let parts: BTreeSet<&Part> = self.from.keys().chain(self.to.keys()).collect();
        let parts = parts.into_iter().map(|part| {
            let causes = self.why.parts.get(part);
            let saved = SavedPart {
                change: self.plan.change(part),
                exchange: self.plan.careful(part).map(|how| how.mode),
                from: self.from.get(part).cloned(),
                to: self.to.get(part).cloned(),
                why: causes.into_iter().flatten().map(Cause::to_string).collect(),
            };
            (part.clone(), saved)
        });
        SavedPlan::new(parts.collect())
    }

    /// For machines.
    pub fn to_json(&self) -> serde_json::Value {
        let changes: BTreeMap<String, Change> = self
            .plan
            .changes
            .iter()
            .map(|(part, change)| (part.to_string(), *change))
            .collect();
        let successions: BTreeMap<String, &Succession> = self
            .plan
            .successions
            .iter()
            .map(|(part, how)| (part.to_string(), how))
            .collect();
        serde_json::json!({
            "changes": changes,
            "successions": successions,
            "why": self.why.to_json(),
        })
    }
}

/// Is the key in a table that exists for others to take over?
fn is_shared(key: &str) -> bool {
    key.starts_with("resource.")
}

fn origins(change: &KeyChange) -> (Option<Origin>, Option<Origin>) {
    let origin = |said: &Option<Said>| said.as_ref().map(|said| said.origin.clone());
    (origin(&change.old), origin(&change.new))
}

/// The part that a dotted key is in.
fn part_of(key: &str) -> Option<Part> {
    let mut names = key.split('.');
    let section = names.next()?;
    match section {
        "storage" | "source" | "pipeline" => format!("{section}.{}", names.next()?).parse().ok(),
        _ => Some(Part::Settings(section.to_owned())),
    }
}

fn no_room(part: &Part, to: &Basis) -> Option<Cause> {
    match to.shapes.get(part) {
        Some(Shape::Instance {
            waits: Some(why), ..
        }) => Some(Cause::NoRoom {
            why: why.to_string(),
        }),
        _ => None,
    }
}

fn other_library(part: &Part, from: &Basis, to: &Basis) -> Option<Cause> {
    let (Some(Shape::Instance { identity: old, .. }), Some(Shape::Instance { identity: new, .. })) =
        (from.shapes.get(part), to.shapes.get(part))
    else {
        return None;
    };
    (old.type_name == new.type_name && old.image != new.image).then(|| Cause::Library {
        plugin: new.type_name.clone(),
        old: old.image.map(ImageHash),
        new: new.image.map(ImageHash),
    })
}

/// The secrets whose reference stayed what it was, and which are others.
fn other_secrets(part: &Part, from: &Basis, to: &Basis) -> Vec<Cause> {
    let (Some(old), Some(new)) = (from.secrets.get(part), to.secrets.get(part)) else {
        return Vec::new();
    };
    let changed = new.iter().filter(|new| {
        old.iter().any(|old| {
            old.key == new.key
                && old.reference == new.reference
                && old.fingerprint != new.fingerprint
        })
    });
    changed
        .map(|secret| Cause::Secret {
            key: secret.key.clone(),
            reference: secret.reference.to_string(),
            origin: secret.origin.clone(),
        })
        .collect()
}

impl Why {
    /// Without the keys of shared tables that are told where they are taken over.
    fn without_shared(mut self) -> Self {
        let parts = self.parts.values().flatten();
        let told: Vec<(Option<Origin>, Option<Origin>)> = parts
            .filter_map(|cause| match cause {
                Cause::Key(change) => Some(origins(change)),
                _ => None,
            })
            .collect();
        let is_told =
            |change: &KeyChange| is_shared(&change.key) && told.contains(&origins(change));
        self.no_effect.retain(|change| !is_told(change));
        self
    }

    /// For machines.
    pub fn to_json(&self) -> serde_json::Value {
        let parts: BTreeMap<String, Vec<String>> = self
            .parts
            .iter()
            .map(|(part, causes)| {
                let causes = causes.iter().map(Cause::to_string).collect();
                (part.to_string(), causes)
            })
            .collect();
        let shadowed: Vec<String> = self.shadowed.iter().map(ToString::to_string).collect();
        let no_effect: Vec<String> = self.no_effect.iter().map(ToString::to_string).collect();
        serde_json::json!({ "parts": parts, "no_effect": no_effect, "shadowed": shadowed })
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        for (part, change) in &self.plan.changes {
            lines.push(format!("{change:<8} {part}"));
            for cause in self.why.parts.get(part).into_iter().flatten() {
                lines.push(format!("           {cause}"));
            }
            if let Some(how) = self.plan.careful(part) {
                lines.push(format!("           {how}"));
            }
        }
        for change in &self.why.no_effect {
            lines.push(format!("no effect  {change}"));
        }
        for edit in &self.why.shadowed {
            lines.push(format!("shadowed   {edit}"));
        }
        if self.is_empty() {
            lines.push("nothing changes".to_owned());
        }
        f.write_str(&lines.join("\n"))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(change) => change.fmt(f),
            Self::Pending => f.write_str("waits for a restart since an earlier reload"),
            Self::NoRoom { why } => write!(f, "it goes on with the code it has: {why}"),
            Self::Library { plugin, old, new } => {
                write!(
                    f,
                    "the library of {plugin} changed: {} -> {}",
                    short(*old),
                    short(*new)
                )
            }
            Self::Secret {
                key,
                reference,
                origin,
            } => write!(
                f,
                "{key}: the secret changed that {reference} ({origin}) leads to"
            ),
        }
    }
}

/// As many digits as tell two libraries apart.
fn short(hash: Option<ImageHash>) -> String {
    match hash {
        Some(hash) => hash.to_string().chars().take(12).collect(),
        None => "part of the program".to_owned(),
    }
}
