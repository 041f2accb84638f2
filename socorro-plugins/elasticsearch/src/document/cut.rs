//! A document cut to its budget.
//!
//! The rule: the exact processed crash is kept whole if it fits alone. If it does not, its top-level fields are
//! left out, the largest first, until it does. If what is indexed does not fit beside it, indexed fields are left
//! out, the largest first, until it does. Equals go by name. Every name is recorded.

use bytes::Bytes;
use serde_json::{Map, Value};
use socorro_core::crash::{ProcessedCrash, Redaction};

use super::{Document, Kept};

/// How many names of cut fields are recorded, and how much of each: names can be as large as what they name.
const NAMES: usize = 50;
const NAME: usize = 64;

/// Cuts `document`, made of `processed`, whose `fields` these are, to `budget` bytes.
pub(super) fn cut(
    document: &mut Document,
    processed: &ProcessedCrash,
    fields: &Map<String, Value>,
    budget: usize,
) {
    let mut bare = document.clone();
    bare.searchable.clear();
    if bare.size() > budget {
        // The names of what is left out need room too.
        let room = NAMES * (NAME * 6 + 3);
        let others = bare.size() - bare.kept.as_ref().map_or(0, |kept| kept.quoted.len());
        let most = budget.saturating_sub(others + room);
        document.kept = bare.kept.map(|_| smaller(processed, fields, most));
    }
    for name in largest_first(&document.searchable) {
        let size = document.size();
        if size <= budget {
            return;
        }
        document.remove(&name);
    }
}

/// The processed crash without its largest fields, quoted in at most `most` bytes.
fn smaller(processed: &ProcessedCrash, fields: &Map<String, Value>, most: usize) -> Kept {
    // A key with a dot, or none, cannot be named in a path; it stays.
    let names: Vec<String> = largest_first(fields)
        .into_iter()
        .filter(|name| !name.is_empty() && !name.contains('.') && name.trim() == name)
        .collect();
    let mut count = 0;
    while count < names.len() {
        // Each round scans the document; there are few, because their number grows.
        count = (count + count / 2 + 1).min(names.len());
        if let Some(kept) = without(processed, names.get(..count).unwrap_or_default(), most) {
            return fewest(processed, &names, count, most).unwrap_or(kept);
        }
    }
    let mut nothing = Kept::whole(b"{}");
    nothing.cut = vec!["*".to_owned()];
    nothing
}

/// Fewer names than `enough` may do: the least number is found by halving.
fn fewest(
    processed: &ProcessedCrash,
    names: &[String],
    enough: usize,
    most: usize,
) -> Option<Kept> {
    let (mut low, mut high) = (enough * 2 / 3, enough);
    let mut best = None;
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        match without(processed, names.get(..middle)?, most) {
            Some(kept) => (best, high) = (Some(kept), middle),
            None => low = middle,
        }
    }
    best
}

fn without(processed: &ProcessedCrash, names: &[String], most: usize) -> Option<Kept> {
    let rest: Bytes = Redaction::new(names)
        .ok()?
        .apply(processed)
        .ok()?
        .into_bytes();
    let mut kept = Kept::whole(&rest);
    kept.cut = names
        .iter()
        .take(NAMES)
        .map(|name| shortened(name))
        .collect();
    if let (true, Some(last)) = (names.len() > NAMES, kept.cut.last_mut()) {
        *last = format!("{} more", names.len() - NAMES + 1);
    }
    (kept.quoted.len() <= most).then_some(kept)
}

fn shortened(name: &str) -> String {
    name.get(..name.floor_char_boundary(NAME))
        .unwrap_or_default()
        .to_owned()
}

fn largest_first(fields: &Map<String, Value>) -> Vec<String> {
    let mut sized: Vec<(usize, &String)> = fields
        .iter()
        .map(|(name, value)| (name.len() + value.to_string().len(), name))
        .collect();
    sized.sort_by(|left, right| right.0.cmp(&left.0).then_with(|| left.1.cmp(right.1)));
    sized.into_iter().map(|(_, name)| name.clone()).collect()
}
