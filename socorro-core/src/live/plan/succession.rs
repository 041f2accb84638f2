//! How a new instance comes into service where it needs something that another has for itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::{Change, Part, Shape};
use crate::plugin::{Exchange, Resource};

/// How a new instance comes into service. Its [`Display`](fmt::Display) says it to a person, with the reason.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Succession {
    /// The most careful way that any of the reasons asks for.
    pub mode: Exchange,
    /// What it shares with instances that end, and how each may be shared; the same as `mode` or less careful.
    pub reasons: BTreeSet<Meeting>,
}

/// Something that an instance that ends has, and that a new one needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Meeting {
    /// Whose instance ends.
    pub from: Part,
    /// What both need, with the way in which they may meet at it.
    pub resource: Resource,
}

/// The succession of every part that is replaced, and of every one that is added and needs what another leaves.
pub(super) fn between(
    changes: &BTreeMap<Part, Change>,
    running: &BTreeMap<Part, Shape>,
    wanted: &BTreeMap<Part, Shape>,
) -> BTreeMap<Part, Succession> {
    let ends = |part: &&Part| matches!(changes.get(*part), Some(Change::Replace | Change::Remove));
    let leaving: Vec<(&Part, &[Resource])> = running
        .iter()
        .filter(|(part, _)| ends(part))
        .map(|(part, shape)| (part, resources(shape)))
        .collect();
    let mut successions = BTreeMap::new();
    for (part, shape) in wanted {
        let (Some(change @ (Change::Add | Change::Replace)), Shape::Instance { .. }) =
            (changes.get(part), shape)
        else {
            continue;
        };
        let mut succession = Succession::default();
        for needed in resources(shape) {
            for (from, left) in &leaving {
                for exchange in left.iter().filter_map(|left| left.meeting(needed)) {
                    succession.mode = succession.mode.max(exchange);
                    succession.reasons.insert(Meeting {
                        from: (*from).clone(),
                        resource: needed.clone().with_exchange(exchange),
                    });
                }
            }
        }
        if *change == Change::Replace || succession.mode != Exchange::Overlap {
            successions.insert(part.clone(), succession);
        }
    }
    successions
}

fn resources(shape: &Shape) -> &[Resource] {
    match shape {
        Shape::Instance { resources, .. } => resources,
        Shape::Pipeline(_) | Shape::Setting(_) => &[],
    }
}

impl Succession {
    /// Whose instances have to end before the new one works.
    pub fn predecessors(&self) -> BTreeSet<&Part> {
        self.careful().map(|reason| &reason.from).collect()
    }

    fn careful(&self) -> impl Iterator<Item = &Meeting> {
        let careful = |reason: &&Meeting| reason.resource.exchange != Exchange::Overlap;
        self.reasons.iter().filter(careful)
    }
}

/// `break before make: directory /x of storage.old`; `overlap` alone needs no reason.
impl fmt::Display for Succession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mode.fmt(f)?;
        for (place, reason) in self.careful().enumerate() {
            let sign = if place == 0 { ": " } else { ", " };
            write!(f, "{sign}{} of {}", reason.resource, reason.from)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
