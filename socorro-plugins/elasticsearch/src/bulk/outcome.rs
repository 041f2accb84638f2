//! What became of each item of a bulk request.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use socorro_core::{Error, ErrorKind, Result};

use super::entry::{Entry, Work};
use crate::connection::{refusal, unreadable};
use crate::failure::Refusal;
use crate::reason::{Cure, cure};

/// So often one field is removed; then all are.
const ROUNDS: u32 = 5;

/// The answer to a bulk request, as far as it is asked for.
#[derive(Deserialize)]
pub(super) struct BulkAnswer {
    #[serde(default)]
    items: Vec<BTreeMap<String, Item>>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(rename = "_id")]
    id: String,
    status: u16,
    #[serde(default)]
    error: Option<Value>,
}

impl BulkAnswer {
    /// The outcome of each entry: `None` is done.
    ///
    /// An error when the answer is not one to this request, so that nobody knows what was done.
    pub(super) fn outcomes(self, entries: &[Entry]) -> Result<Vec<Option<Refusal>>> {
        let doing = "save a batch of documents";
        if self.items.len() != entries.len() {
            let why = format!(
                "{} documents were sent, {} are answered",
                entries.len(),
                self.items.len()
            );
            return Err(unreadable(doing, true, &why));
        }
        let mut outcomes = Vec::with_capacity(entries.len());
        for (item, entry) in self.items.into_iter().zip(entries) {
            let Some(item) = item.into_values().next().filter(|item| item.id == entry.id) else {
                return Err(unreadable(
                    doing,
                    true,
                    "the answers are not in the order of the documents",
                ));
            };
            outcomes.push(item.outcome(entry));
        }
        Ok(outcomes)
    }
}

impl Item {
    fn outcome(self, entry: &Entry) -> Option<Refusal> {
        let is_done = match entry.work {
            Work::Save(_) => (200..300).contains(&self.status) && self.error.is_none(),
            // Neither the document nor its index needs to be there.
            Work::Delete => {
                (200..300).contains(&self.status) && self.error.is_none() || self.status == 404
            }
        };
        (!is_done).then(|| refusal(self.status, self.error.as_ref()))
    }
}

/// What is done with a refused entry.
pub(super) enum Verdict {
    /// It was changed, and is sent again.
    Again(Entry),
    /// Its caller is told.
    Told(Entry, Error),
}

/// Changes a document that breaks the mapping, or says why nothing can be done about it.
pub(super) fn settle(mut entry: Entry, refusal: Refusal) -> Verdict {
    let doing = format!("save to the index {}", entry.index);
    let Work::Save(document) = &mut entry.work else {
        let error = refusal.into_error(&format!("delete from the index {}", entry.index), true);
        return Verdict::Told(entry, error);
    };
    let changed = match cure(&refusal) {
        Cure::Remove(field) if entry.rounds < ROUNDS => {
            document.remove(&field) || document.remove_all()
        }
        Cure::Remove(_) | Cure::RemoveAll => document.remove_all(),
        Cure::None => false,
    };
    if changed {
        tracing::warn!(
            crash_id = entry.id,
            index = entry.index,
            removed = ?document.removed(),
            reason = refusal.kind,
            "the index refused a field; it is left out"
        );
        entry.rounds += 1;
        entry.size = document.size();
        return Verdict::Again(entry);
    }
    let error = if is_too_large(&refusal) {
        too_large(&refusal, &doing)
    } else {
        refusal.into_error(&doing, true)
    };
    Verdict::Told(entry, error)
}

/// No waiting helps: the request is larger than what the server lets in.
pub(super) fn is_too_large(refusal: &Refusal) -> bool {
    if refusal.status == 413 {
        return true;
    }
    let number = |name: &str| -> Option<u64> {
        let start = refusal.reason.find(name)? + name.len();
        let rest = refusal.reason.get(start..)?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        rest.get(..digits)?.parse().ok()
    };
    let operation =
        number("coordinating_operation_bytes=").or_else(|| number("primary_operation_bytes="));
    let most = number("max_coordinating_bytes=")
        .or_else(|| number("max_coordinating_and_primary_bytes="))
        .or_else(|| number("max_primary_bytes="));
    refusal.status == 429 && matches!((operation, most), (Some(size), Some(most)) if size > most)
}

/// The error of a single document that is too large.
pub(super) fn too_large(refusal: &Refusal, doing: &str) -> Error {
    Error::new(
        ErrorKind::InvalidInput,
        format!(
            "cannot {doing}: the document is larger than what the server takes at once (it answered {}); lower max_document_size, or give the server more memory and a larger http.max_content_length",
            refusal.status
        ),
    )
}
